#include <sys/mount.h>

#include <algorithm>
#include <array>

#include "mounts/idmap_option.h"
#include "mounts/plan_steps.h"
#include "sys/paths.h"

namespace myrt::mounts {
namespace {

// Below /proc only these may be covered: anything else could fake what the runtime and the payload
// trust (CVE-2019-19921). They are what lxcfs and its like provide.
constexpr std::array<std::string_view, 11> kCoverableProcFiles = {"/proc/cpuinfo",
                                                                  "/proc/diskstats",
                                                                  "/proc/loadavg",
                                                                  "/proc/meminfo",
                                                                  "/proc/net/dev",
                                                                  "/proc/slabinfo",
                                                                  "/proc/stat",
                                                                  "/proc/swaps",
                                                                  "/proc/sys/crypto/fips_enabled",
                                                                  "/proc/sys/kernel/ns_last_pid",
                                                                  "/proc/uptime"};

// Their superblock is in memory, and may be shared: read-only is a matter of the mount alone.
constexpr std::array<std::string_view, 13> kMemoryFilesystems = {
    "bpf",  "cgroup", "cgroup2",    "debugfs", "devpts", "devtmpfs", "mqueue",
    "proc", "ramfs",  "securityfs", "sysfs",   "tmpfs",  "tracefs"};

// Filesystems that take no context= mount option.
constexpr std::array<std::string_view, 5> kUnlabelledFilesystems = {"cgroup", "cgroup2", "mqueue",
                                                                    "proc", "sysfs"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool has_parameter(const std::vector<std::string>& parameters, std::string_view prefix) {
  return std::ranges::any_of(
      parameters, [prefix](const std::string& word) { return word.starts_with(prefix); });
}

bool is_mapped(std::uint32_t id, const std::vector<oci::IdMapping>& mappings) {
  return std::ranges::any_of(mappings, [id](const oci::IdMapping& mapping) {
    return id >= mapping.container_id && id - mapping.container_id < mapping.size;
  });
}

Result<> check_destination(const MountEntry& entry, bool is_bind) {
  const std::string pointer = mount_pointer(entry.index) + "/destination";
  const std::string& destination = entry.destination;
  if (destination == "/") return config_error(pointer, "`/` is the root's own mount");
  const bool is_proc = entry.mount.type == "proc" && !is_bind;
  if (destination == "/proc" && !is_proc && !is_bind && !entry.options.remount) {
    return config_error(pointer, fmt::format("`/proc` cannot be a `{}`", entry.mount.type));
  }
  if (destination.starts_with("/proc/") && !contains(kCoverableProcFiles, destination)) {
    return config_error(pointer, fmt::format("`{}` is inside /proc", destination));
  }
  return {};
}

Result<std::optional<MountIdMapping>> id_mapping_of(const MountEntry& entry, const Inputs& inputs) {
  const oci::Mount& mount = entry.mount;
  const bool has_mappings = !mount.uid_mappings.empty();
  if (has_mappings != !mount.gid_mappings.empty()) {
    return config_error(mount_pointer(entry.index), "uidMappings and gidMappings need each other");
  }
  const bool from_option = !entry.options.uid_mappings.empty();
  if (has_mappings && from_option) {
    return config_error(mount_pointer(entry.index), "has mappings twice, also in its options");
  }
  if (!has_mappings && entry.options.idmap == IdMap::no) return std::optional<MountIdMapping>();
  if (!has_mappings && !from_option && inputs.user_namespace == UserNamespace::initial) {
    return config_error(mount_pointer(entry.index) + "/options",
                        "`idmap` without mappings needs a user namespace");
  }
  MountIdMapping mapping;
  if (entry.options.idmap == IdMap::ridmap) mapping.recursive = sys::Recursive::yes;
  mapping.uid_mappings = mount.uid_mappings;
  mapping.gid_mappings = mount.gid_mappings;
  if (from_option) {
    const std::string pointer = mount_pointer(entry.index) + "/options";
    mapping.uid_mappings = TRY(resolve(entry.options.uid_mappings, inputs.uid_mappings, pointer));
    mapping.gid_mappings = TRY(resolve(entry.options.gid_mappings, inputs.gid_mappings, pointer));
  }
  return std::optional<MountIdMapping>(std::move(mapping));
}

// `path` as the container has it, when it is a path of the host that leads into the rootfs.
std::optional<std::string> path_inside(const std::string& path, const Inputs& inputs) {
  const std::string rootfs = sys::clean_absolute(inputs.rootfs);
  if (rootfs == "/") return std::nullopt;
  if (path == rootfs) return "/";
  if (!is_below(path, rootfs)) return std::nullopt;
  return path.substr(rootfs.size());
}

// Whether anything of `steps` is mounted on the way to `path`, or in a tree that begins there.
bool is_touched_by(const std::vector<Step>& steps, const std::string& path, sys::Recursive tree) {
  return std::ranges::any_of(steps, [&](const Step& step) {
    const std::string& mounted = step.destination;
    return path == mounted || is_below(path, mounted) ||
           (tree == sys::Recursive::yes && is_below(mounted, path));
  });
}

// As with runc, sources below the rootfs mean what earlier mounts of the container have put there.
std::string inside_source(const BindMount& bind, const Inputs& inputs, const Plan& plan) {
  if (bind.must_be_procfs || bind.copy_symlink || bind.source_nofollow) return {};
  const auto inside = path_inside(sys::clean_absolute(bind.source), inputs);
  return inside && is_touched_by(plan.steps, *inside, bind.recursive) ? *inside : std::string();
}

Result<Action> plan_bind(const MountEntry& entry, const Inputs& inputs, Plan& plan) {
  const std::string pointer = mount_pointer(entry.index);
  const ParsedOptions& options = entry.options;
  if (entry.mount.source.empty()) return config_error(pointer, "a bind needs a source");
  if (options.tmpcopyup) return config_error(pointer, "`tmpcopyup` is for tmpfs");
  BindMount bind;
  bind.source = entry.mount.source.starts_with('/') ? entry.mount.source
                                                    : inputs.bundle + "/" + entry.mount.source;
  bind.recursive = options.bind == Bind::rbind ? sys::Recursive::yes : sys::Recursive::no;
  bind.copy_symlink = options.copy_symlink;
  bind.source_nofollow = options.source_nofollow;
  bind.destination_nofollow = options.destination_nofollow;
  bind.must_be_procfs = entry.destination == "/proc";
  bind.inside = inside_source(bind, inputs, plan);
  bind.changes = bind_changes(
      options, entry.base_propagation,
      inputs.source_locks == SourceLocks::by_us ? Unnamed::unlocked : Unnamed::cleared);
  bind.id_mapping = TRY(id_mapping_of(entry, inputs));
  const auto keeps_below = [](const AttributeChange& change) {
    return change.recursive == sys::Recursive::yes && change.locked != 0;
  };
  if (std::ranges::any_of(bind.changes, keeps_below)) {
    plan.warnings.push_back(pointer +
                            ": recursive options clear nothing of what is mounted below a "
                            "source in a user namespace: it is locked there");
  }
  // The kernel takes neither on a bind; refusing them would break callers that copy options from
  // fstab (OPT-18).
  for (const std::string& word : options.data) {
    plan.warnings.push_back(fmt::format("{}: option `{}` has no effect on a bind", pointer, word));
  }
  if (options.superblock_flags != 0) {
    plan.warnings.push_back(pointer + ": options of a filesystem have no effect on a bind");
  }
  return Action(std::move(bind));
}

// Everything after the options' own words: what this filesystem needs, or cannot take.
void adapt_filesystem(const MountEntry& entry, const Inputs& inputs, const MountLabel& label,
                      NewFilesystem& filesystem) {
  const std::string& type = filesystem.fstype;
  const bool read_only = (filesystem.attributes & MOUNT_ATTR_RDONLY) != 0;
  if (type == "devpts" && inputs.user_namespace == UserNamespace::own &&
      !inputs.gid_mappings.empty() && !is_mapped(5, inputs.gid_mappings)) {
    // Group tty does not exist there, and the kernel would refuse the mount (MNT-11).
    std::erase(filesystem.parameters, "gid=5");
  }
  if (type == "proc" || type == "sysfs") filesystem.real_directory = true;
  if (type == "tmpfs") {
    filesystem.inherit_mode = !has_parameter(filesystem.parameters, "mode=");
    filesystem.copy_up = entry.options.tmpcopyup;
    if (read_only) {
      filesystem.changes_at_the_end = {{sys::Recursive::no, MOUNT_ATTR_RDONLY, 0, 0}};
      filesystem.attributes &= ~static_cast<std::uint64_t>(MOUNT_ATTR_RDONLY);
    }
  }
  if (read_only && !contains(kMemoryFilesystems, type)) filesystem.parameters.emplace_back("ro");
  if (label.label.empty()) return;
  if (type == "mqueue") filesystem.root_label = label.label;
  if (!contains(kUnlabelledFilesystems, type) &&
      !has_parameter(filesystem.parameters, label.option + "=")) {
    filesystem.parameters.push_back(fmt::format("{}={}", label.option, label.label));
  }
}

Result<Action> plan_filesystem(const MountEntry& entry, const Inputs& inputs,
                               const MountLabel& label) {
  const std::string pointer = mount_pointer(entry.index);
  if (entry.mount.type.empty()) {
    return config_error(pointer + "/type", "is required for a mount that is no bind");
  }
  if (entry.options.tmpcopyup && entry.mount.type != "tmpfs") {
    return config_error(pointer + "/options", "`tmpcopyup` is for tmpfs");
  }
  NewFilesystem filesystem;
  filesystem.fstype = entry.mount.type;
  filesystem.source = entry.mount.source;
  filesystem.attributes = new_mount_attributes(entry.options);
  filesystem.superblock_flags = entry.options.superblock_flags;
  filesystem.parameters = entry.options.data;
  filesystem.changes = propagation_changes(entry.options);
  filesystem.id_mapping = TRY(id_mapping_of(entry, inputs));
  if (filesystem.id_mapping && inputs.user_namespace == UserNamespace::own) {
    // Its superblock belongs to that namespace: the kernel lets only a child of it be the mapping.
    return Result<Action>(make_error(ErrorCode::unsupported,
                                     fmt::format("id mappings of a new `{}` in a user namespace",
                                                 entry.mount.type)))
        .context(pointer)
        .at(pointer);
  }
  adapt_filesystem(entry, inputs, label, filesystem);
  return Action(std::move(filesystem));
}

}  // namespace

bool is_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return path != "/";
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

std::string mount_pointer(std::size_t index) { return fmt::format("/mounts/{}", index); }

Result<> plan_mount(const oci::Mount& mount, std::size_t index, const Inputs& inputs,
                    const MountLabel& mount_label, std::uint64_t base_propagation, Plan& plan) {
  const std::string pointer = mount_pointer(index);
  MountEntry entry{index, mount, sys::clean_absolute(mount.destination), {}, base_propagation};
  if (!mount.destination.starts_with('/')) {
    plan.warnings.push_back(fmt::format("{}/destination: relative path `{}` is deprecated", pointer,
                                        mount.destination));
  }
  // runc's callers may also give it as the host has it.
  if (const auto inside = path_inside(entry.destination, inputs)) entry.destination = *inside;
  entry.options = TRY(parse_options(mount.options, pointer + "/options"));
  if (mount.type == "bind" && entry.options.bind == Bind::no) entry.options.bind = Bind::bind;
  const bool is_bind = entry.options.bind != Bind::no;
  TRY(check_destination(entry, is_bind));

  if (entry.options.remount) {
    plan.steps.push_back({index, entry.destination, Remount{entry.options}});
    return {};
  }
  const bool unified = inputs.cgroup.mode == CgroupView::Mode::v2;
  if (!is_bind && (mount.type == "cgroup" || (mount.type == "cgroup2" && unified))) {
    for (Step& step : TRY(cgroup_steps(entry, inputs))) plan.steps.push_back(std::move(step));
    return {};
  }
  Action action = is_bind ? TRY(plan_bind(entry, inputs, plan))
                          : TRY(plan_filesystem(entry, inputs, mount_label));
  if (entry.destination == "/proc") plan.proc_is_mounted = true;
  if (entry.destination == "/dev" && is_bind) plan.furnish_dev = false;
  plan.steps.push_back({index, std::move(entry.destination), std::move(action)});
  return {};
}

}  // namespace myrt::mounts
