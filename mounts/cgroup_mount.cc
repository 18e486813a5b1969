#include <sys/mount.h>

#include "mounts/plan_steps.h"

namespace myrt::mounts {
namespace {

using Hierarchy = CgroupView::Hierarchy;

// The container's own cgroup, bound: nothing of the hierarchy above it is reachable
// (CVE-2023-25809).
BindMount bind_of(const Hierarchy& hierarchy, const MountEntry& entry) {
  BindMount bind;
  const auto directory = [&](const std::string& path) {
    return path == "/" ? hierarchy.mount_point : hierarchy.mount_point + path;
  };
  bind.source = directory(hierarchy.container_path);
  if (!hierarchy.shared_path.empty()) bind.else_source = directory(hierarchy.shared_path);
  ParsedOptions options = entry.options;
  options.bind = Bind::bind;
  bind.changes = bind_changes(options, entry.base_propagation);
  return bind;
}

Result<std::vector<Step>> unified_steps(const MountEntry& entry, const Inputs& inputs) {
  if (inputs.cgroup_namespace == CgroupNamespace::own) {
    NewFilesystem filesystem;
    filesystem.fstype = "cgroup2";
    filesystem.source = "cgroup";
    filesystem.attributes = new_mount_attributes(entry.options);
    filesystem.changes = propagation_changes(entry.options);
    return std::vector<Step>{{entry.index, entry.destination, std::move(filesystem)}};
  }
  if (inputs.cgroup.hierarchies.size() != 1) {
    return config_error(mount_pointer(entry.index),
                        "the container has no cgroup, and no cgroup namespace of its own");
  }
  return std::vector<Step>{
      {entry.index, entry.destination, bind_of(inputs.cgroup.hierarchies.front(), entry)}};
}

// A tmpfs with a directory for each hierarchy, as every cgroup v1 host has it.
std::vector<Step> directory_steps(const MountEntry& entry, const Inputs& inputs) {
  const std::uint64_t attributes = new_mount_attributes(entry.options);
  const std::uint64_t read_only = MOUNT_ATTR_RDONLY;
  NewFilesystem base;
  base.fstype = "tmpfs";
  base.source = "tmpfs";
  base.attributes = attributes & ~read_only;
  // Its directories and links have to be made first.
  base.read_only_at_the_end = (attributes & read_only) != 0;
  base.parameters = {"mode=755"};
  base.changes = propagation_changes(entry.options);

  std::vector<Step> steps;
  steps.push_back({entry.index, entry.destination, std::move(base)});
  for (const Hierarchy& hierarchy : inputs.cgroup.hierarchies) {
    const std::string directory = entry.destination + "/" + hierarchy.name;
    steps.push_back({entry.index, directory, bind_of(hierarchy, entry)});
  }
  for (const Hierarchy& hierarchy : inputs.cgroup.hierarchies) {
    for (const std::string& link : hierarchy.links) {
      if (link == hierarchy.name) continue;
      steps.push_back({entry.index, entry.destination + "/" + link, Symlink{hierarchy.name}});
    }
  }
  return steps;
}

}  // namespace

Result<std::vector<Step>> cgroup_steps(const MountEntry& entry, const Inputs& inputs) {
  if (inputs.cgroup.mode == CgroupView::Mode::v2) return unified_steps(entry, inputs);
  return directory_steps(entry, inputs);
}

}  // namespace myrt::mounts
