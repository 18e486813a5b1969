#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "mounts/sources.h"
#include "sys/files.h"
#include "sys/mount_id.h"
#include "sys/process.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

const MountIdMapping* mapping_of(const Step& step) {
  const auto* bind = std::get_if<BindMount>(&step.action);
  return bind != nullptr && bind->id_mapping ? &*bind->id_mapping : nullptr;
}

bool is_container_mapping(const MountIdMapping& mapping) { return mapping.uid_mappings.empty(); }

std::string map_text(const std::vector<oci::IdMapping>& mappings) {
  std::string text;
  for (const oci::IdMapping& mapping : mappings) {
    text += fmt::format("{} {} {}\n", mapping.container_id, mapping.host_id, mapping.size);
  }
  return text;
}

// A user namespace exists only around a process, or an fd of it: this one lives until the fd is
// open.
Result<UniqueFd> make_user_namespace(const MountIdMapping& mapping, const sys::Procfs& proc) {
  std::optional<sys::ChildProcess> child = TRY(sys::clone3({CLONE_NEWUSER, -1}));
  if (!child) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  const std::string directory = std::to_string(child->pid());
  TRY(proc.write(directory + "/uid_map", map_text(mapping.uid_mappings)));
  TRY(proc.write(directory + "/gid_map", map_text(mapping.gid_mappings)));
  // The last component is a magic link, which Procfs does not follow.
  const UniqueFd namespaces = TRY(proc.open_at(directory + "/ns", O_PATH | O_DIRECTORY));
  return sys::open_at(namespaces.get(), "user", O_RDONLY);
}

// Namespaces already made, so that mounts with the same mapping share one.
struct MadeNamespace {
  const MountIdMapping* mapping;
  UniqueFd fd;
};

Result<int> user_namespace_for(const MountIdMapping& mapping, const sys::Procfs& proc,
                               int container_userns_fd, std::vector<MadeNamespace>& made) {
  if (is_container_mapping(mapping)) return container_userns_fd;
  for (const MadeNamespace& known : made) {
    if (known.mapping->uid_mappings == mapping.uid_mappings &&
        known.mapping->gid_mappings == mapping.gid_mappings) {
      return known.fd.get();
    }
  }
  UniqueFd user_namespace = TRY(make_user_namespace(mapping, proc));
  made.push_back({&mapping, std::move(user_namespace)});
  return made.back().fd.get();
}

// The type of the filesystem at a path of the host, for an error.
std::string filesystem_of(const std::string& path, const sys::Procfs& proc) {
  const auto find = [&]() -> Result<std::string> {
    const UniqueFd fd = TRY(sys::open(path, O_PATH));
    const std::uint64_t id = TRY(sys::mount_id(fd.get()));
    for (sys::MountInfo& mount : TRY(sys::parse_mountinfo(TRY(proc.read("self/mountinfo"))))) {
      if (mount.id == id) return std::move(mount.fstype);
    }
    return std::string("unknown");
  };
  auto found = find();
  return found.ok() ? std::move(found).value() : "unknown";
}

Result<> map_tree(int tree, const MountIdMapping& mapping, const std::string& source, int userns_fd,
                  const sys::Procfs& proc) {
  Result<> result =
      sys::mount_setattr(tree, mapping.recursive, {MOUNT_ATTR_IDMAP, 0, 0, userns_fd});
  if (result.ok()) return result;
  // The kernel has one number for all of it; this is what it nearly always means (IDM-08).
  std::string why;
  if (result.error().errno_value == EINVAL) {
    why = fmt::format(": its filesystem `{}` does not support id-mapped mounts",
                      filesystem_of(source, proc));
    result.error().code = ErrorCode::unsupported;
  }
  return std::move(result).context(fmt::format("idmap `{}`{}", source, why));
}

}  // namespace

bool has_id_mappings(const Plan& plan) {
  for (const Step& step : plan.steps) {
    if (mapping_of(step) != nullptr) return true;
  }
  return false;
}

bool has_filesystem_mappings(const Plan& plan) {
  for (const Step& step : plan.steps) {
    const auto* filesystem = std::get_if<NewFilesystem>(&step.action);
    if (filesystem != nullptr && filesystem->id_mapping) return true;
  }
  return false;
}

bool needs_container_user_namespace(const Plan& plan) {
  for (const Step& step : plan.steps) {
    const MountIdMapping* mapping = mapping_of(step);
    if (mapping != nullptr && is_container_mapping(*mapping)) return true;
  }
  return false;
}

Result<> open_filesystem_mappings(Sources& sources, const Plan& plan, const sys::Procfs& proc) {
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto* filesystem = std::get_if<NewFilesystem>(&plan.steps[i].action);
    if (filesystem == nullptr || !filesystem->id_mapping) continue;
    const std::size_t index = plan.steps[i].mount_index;
    sources.steps[i].user_namespace = TRY(make_user_namespace(*filesystem->id_mapping, proc)
                                              .context(fmt::format("mounts[{}]: idmap", index))
                                              .at(fmt::format("/mounts/{}", index)));
  }
  return {};
}

Result<> apply_id_mappings(Sources& sources, const Plan& plan, const sys::Procfs& proc,
                           int container_userns_fd) {
  std::vector<MadeNamespace> made;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const MountIdMapping* mapping = mapping_of(plan.steps[i]);
    if (mapping == nullptr || !sources.steps[i].tree.valid()) continue;
    const std::string& source = std::get<BindMount>(plan.steps[i].action).source;
    Result<int> userns_fd = user_namespace_for(*mapping, proc, container_userns_fd, made);
    Result<> result =
        userns_fd.ok() ? map_tree(sources.steps[i].tree.get(), *mapping, source, *userns_fd, proc)
                       : Result<>(std::move(userns_fd).error());
    if (!result.ok()) {
      const std::size_t index = plan.steps[i].mount_index;
      return std::move(result)
          .context(fmt::format("mounts[{}]", index))
          .at(fmt::format("/mounts/{}", index));
    }
  }
  return {};
}

Result<> apply_id_mapping(int tree_fd, const Plan& plan, std::size_t index, const sys::Procfs& proc,
                          int container_userns_fd) {
  const MountIdMapping* mapping =
      index < plan.steps.size() ? mapping_of(plan.steps[index]) : nullptr;
  if (mapping == nullptr) {
    return make_error(ErrorCode::protocol, fmt::format("no id mapping for step {}", index));
  }
  std::vector<MadeNamespace> made;
  const int userns_fd = TRY(user_namespace_for(*mapping, proc, container_userns_fd, made));
  const std::string& source = std::get<BindMount>(plan.steps[index].action).source;
  const std::size_t mount_index = plan.steps[index].mount_index;
  return map_tree(tree_fd, *mapping, source, userns_fd, proc)
      .context(fmt::format("mounts[{}]", mount_index))
      .at(fmt::format("/mounts/{}", mount_index));
}

}  // namespace myrt::mounts
