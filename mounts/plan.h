// Everything that will be mounted, made and hidden in a container's root, as plain values
// (config.md "Mounts", config-linux.md "Default Devices", "Devices", "Masked Paths").
//
// plan() is pure: no syscalls. open_sources() (sources.h) and apply() (apply.h) carry a Plan out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mounts/options.h"
#include "oci-spec/spec.h"
#include "sys/result.h"

namespace myrt::mounts {

// --- what the runtime tells
// -----------------------------------------------------------------------------------------------

// The cgroup hierarchies that a mount of type `cgroup` shows. A plain value: the runtime fills it
// from the cgroups module.
struct CgroupView {
  enum class Mode : std::uint8_t { v1, hybrid, v2 };
  struct Hierarchy {
    std::string name;                // the directory below the destination: "cpu,cpuacct"; v2: ""
    std::string mount_point;         // on the host: "/sys/fs/cgroup/cpu,cpuacct"
    std::string container_path;      // the container's cgroup below mount_point: "/web1"
    std::vector<std::string> links;  // other names for the directory: "cpu", "cpuacct"
    // Where a container stays whose runtime has no right to a cgroup; empty: it has to have its
    // own.
    std::string shared_path = {};
  };
  Mode mode = Mode::v2;
  std::vector<Hierarchy> hierarchies;  // v2: exactly one. hybrid: the cgroup2 one is "unified"
};

// `initial`: the container's root may mknod(2), like the host's. `own`: the container, or already
// the runtime, lives in a user namespace, so device nodes are bound from the host.
enum class UserNamespace : std::uint8_t { initial, own };
// `created` alone gets a root switch by pivot_root(2); in a joined or inherited namespace the
// mounts are made where they are and the root is only chroot(2)ed to.
enum class MountNamespace : std::uint8_t { created, joined, inherited };
enum class CgroupNamespace : std::uint8_t { own, inherited };
enum class RootSwitch : std::uint8_t { pivot, move, chroot };  // `move`: --no-pivot
// `given`: the caller of the library has a detached mount for the root; root.path on the host is
// only where it will be found by hooks in the container's namespace.
enum class RootTree : std::uint8_t { cloned, given };
enum class Selinux : std::uint8_t { off, on };
// What guards the attributes that a bind's source has, below a user namespace: the kernel, where
// the runtime itself lives in one, or (a container's own, with sources that the runtime opens on
// the host, where nothing is locked) we, by the kernel's rules (mount_namespaces(7)).
enum class SourceLocks : std::uint8_t { by_kernel, by_us };

// An annotation of crun's: which of SELinux' mount options carries linux.mountLabel (mount(8)).
inline constexpr std::string_view kMountContextType = "run.oci.mount_context_type";

struct Inputs {
  std::string bundle;  // absolute
  std::string rootfs;  // absolute; root.path with the bundle before it where relative
  UserNamespace user_namespace = UserNamespace::initial;
  MountNamespace mount_namespace = MountNamespace::created;
  CgroupNamespace cgroup_namespace = CgroupNamespace::inherited;
  RootSwitch root_switch = RootSwitch::pivot;  // pivot or move; what a created namespace gets
  RootTree root_tree = RootTree::cloned;
  Selinux selinux = Selinux::off;
  SourceLocks source_locks = SourceLocks::by_kernel;
  CgroupView cgroup;
  // Of the container's user namespace, when they are known.
  std::vector<oci::IdMapping> uid_mappings, gid_mappings;
};

// --- the plan
// -----------------------------------------------------------------------------------------------

// One mount_setattr(2) call. They are made in order, on a mount that is not attached yet.
struct AttributeChange {
  sys::Recursive recursive = sys::Recursive::no;
  std::uint64_t set = 0, clear = 0;  // MOUNT_ATTR_*
  std::uint64_t propagation = 0;     // MS_* or 0
  // MOUNT_ATTR_* that the source of a bind has to have already as they will be then: SourceLocks.
  std::uint64_t locked = 0;
  bool operator==(const AttributeChange&) const = default;
};

// Ids of a mount that are not the filesystem's (IDM-01..08). Empty lists: those of the container's
// user namespace.
struct MountIdMapping {
  sys::Recursive recursive = sys::Recursive::no;
  std::vector<oci::IdMapping> uid_mappings, gid_mappings;
  bool operator==(const MountIdMapping&) const = default;
};

// A tree of the host, bound. The runtime process opens it (open_sources).
struct BindMount {
  std::string source;  // absolute, on the host
  // When earlier steps have to do with `source`, a path below the rootfs: what it is in the
  // container's root. Init resolves it there, when everything before this step is mounted.
  std::string inside;
  std::string else_source;  // taken where there is no `source`; empty: that is an error
  sys::Recursive recursive = sys::Recursive::no;
  bool copy_symlink = false, source_nofollow = false, destination_nofollow = false;
  bool must_be_procfs = false;  // it goes to /proc (CVE-2019-16884)
  bool is_directory = false;    // known without a look at it: a cgroup
  std::vector<AttributeChange> changes;
  std::optional<MountIdMapping> id_mapping;
  bool operator==(const BindMount&) const = default;
};

// A filesystem instance of the container's own, made by init in its namespaces.
struct NewFilesystem {
  std::string fstype, source;
  std::uint64_t attributes = 0;  // MOUNT_ATTR_*, at fsmount(2)
  std::uint64_t superblock_flags = 0;
  std::vector<std::string> parameters;   // "size=65536k", "newinstance": fsconfig(2)
  std::vector<AttributeChange> changes;  // after fsmount(2): propagation and recursive attributes
  bool real_directory =
      false;                  // proc, sysfs: the destination may not be a symlink (CVE-2019-19921)
  bool inherit_mode = false;  // tmpfs without mode=: takes the mode of what it covers
  bool copy_up = false;       // tmpcopyup
  std::optional<MountIdMapping> id_mapping;  // never the container's own: explicit
  // Made when everything that goes into it is there: it may become read-only only then, and what
  // is mounted below it gets the same attributes in the same call.
  std::vector<AttributeChange> changes_at_the_end;
  std::string root_label;  // SELinux label for the root inode (mqueue takes no context=)
  bool operator==(const NewFilesystem&) const = default;
};

// Changes what is already mounted at the destination (OPT-03).
struct Remount {
  ParsedOptions options;
  bool operator==(const Remount&) const = default;
};

// A symlink at the destination: the merged names of cgroup v1 hierarchies.
struct Symlink {
  std::string text;
  bool operator==(const Symlink&) const = default;
};

using Action = std::variant<BindMount, NewFilesystem, Remount, Symlink>;

struct Step {
  std::size_t mount_index = 0;  // of config.json's `mounts`
  std::string destination;      // clean, absolute in the container
  Action action;
  bool operator==(const Step&) const = default;
};

// A device node to make, or to find as it should be (DEV-01..07, DEV-09).
struct DeviceNode {
  std::string path;  // clean, absolute in the container
  char type = 'c';   // c, b, p
  unsigned major = 0, minor = 0;
  std::uint32_t mode = 0666;  // permission bits
  std::uint32_t uid = 0, gid = 0;
  std::string pointer;  // "/linux/devices/3"; empty: a default device
  bool operator==(const DeviceNode&) const = default;
};

enum class DeviceMethod : std::uint8_t { mknod, bind };

struct RootPlan {
  std::string path;  // absolute, on the host
  bool readonly = false;
  RootSwitch root_switch = RootSwitch::pivot;
  Propagation propagation;  // final, of "/"; type 0: stays a slave of the host's
  // Whether the rootfs becomes a mount of the container's own; not in an inherited namespace.
  bool attach = true;
  RootTree tree = RootTree::cloned;
  bool operator==(const RootPlan&) const = default;
};

struct Plan {
  RootPlan root;
  std::vector<Step> steps;
  // Whether /dev is furnished: default devices, symlinks (FDS-04), ptmx. Not when it is the host's.
  bool furnish_dev = true;
  bool proc_is_mounted = false;  // a step mounts /proc, so /proc/self/fd will exist
  bool terminal = false;         // /dev/console has to exist for mount_console()
  DeviceMethod device_method = DeviceMethod::mknod;
  std::vector<DeviceNode> devices;  // default ones first
  std::vector<std::string> masked_paths, readonly_paths;
  std::vector<std::string> warnings;  // to be logged; they change nothing (LIF-03)
  bool operator==(const Plan&) const = default;
};

// Pure. Errors: invalid_config with the pointer of the field; unsupported for what is valid but
// cannot be done.
Result<Plan> plan(const oci::Spec& spec, const Inputs& inputs);

// One line per step, for golden tests and --debug.
std::string to_string(const Plan& plan);

}  // namespace myrt::mounts
