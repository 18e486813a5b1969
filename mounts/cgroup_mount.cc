#include <sys/mount.h>

#include "mounts/plan_steps.h"
#include "sys/weakness.h"

namespace myrt::mounts {
namespace {

using Hierarchy = CgroupView::Hierarchy;

// The container's own cgroup, bound: nothing of the hierarchy above it is reachable
// (CVE-2023-25809).
BindMount bind_of(const Hierarchy& hierarchy) {
  BindMount bind;
  const auto directory = [&](const std::string& path) {
    if (sys::weakened("without-own-cgroup")) return hierarchy.mount_point;
    return path == "/" ? hierarchy.mount_point : hierarchy.mount_point + path;
  };
  bind.source = directory(hierarchy.container_path);
  if (!hierarchy.shared_path.empty()) bind.else_source = directory(hierarchy.shared_path);
  bind.is_directory = true;
  return bind;
}

std::vector<AttributeChange> changes_of(const MountEntry& entry) {
  ParsedOptions options = entry.options;
  options.bind = Bind::bind;
  return bind_changes(options, entry.base_propagation, Unnamed::kept);
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
  BindMount bind = bind_of(inputs.cgroup.hierarchies.front());
  bind.changes = changes_of(entry);
  return std::vector<Step>{{entry.index, entry.destination, std::move(bind)}};
}

// A tmpfs with a directory for each hierarchy, as every cgroup v1 host has it. One recursive call
// gives all of them their attributes.
std::vector<Step> directory_steps(const MountEntry& entry, const Inputs& inputs) {
  NewFilesystem base;
  base.fstype = "tmpfs";
  base.source = "tmpfs";
  base.attributes = new_mount_attributes(entry.options) & ~std::uint64_t{MOUNT_ATTR_RDONLY};
  base.parameters = {"mode=755"};
  base.changes_at_the_end = changes_of(entry);
  for (AttributeChange& change : base.changes_at_the_end) change.recursive = sys::Recursive::yes;

  std::vector<Step> steps;
  steps.push_back({entry.index, entry.destination, std::move(base)});
  for (const Hierarchy& hierarchy : inputs.cgroup.hierarchies) {
    const std::string directory = entry.destination + "/" + hierarchy.name;
    steps.push_back({entry.index, directory, bind_of(hierarchy)});
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
