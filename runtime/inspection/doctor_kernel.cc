#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <map>
#include <set>

#include "cgroups/devices_attach.h"
#include "mounts/sources.h"
#include "runtime/inspection/checkup.h"
#include "runtime/inspection/mount_table.h"
#include "sys/files.h"
#include "sys/mount_api.h"
#include "sys/paths.h"

namespace myrt::inspection {
namespace {

bool is_root() { return ::geteuid() == 0; }

// What an unprivileged user may only do in a user namespace of its own.
std::uint64_t with_privileges(std::uint64_t flags) {
  return is_root() ? flags : flags | static_cast<std::uint64_t>(CLONE_NEWUSER);
}

struct NamespaceProbe {
  const char* name;
  std::uint64_t flag;
  Verdict verdict;
  const char* consequence;
  const char* fix;
};

constexpr auto kNamespaces = std::to_array<NamespaceProbe>({
    {"mount namespace", CLONE_NEWNS, Verdict::failure, "no container of an engine can be made",
     "sysctl -w user.max_mnt_namespaces=15000"},
    {"pid namespace", CLONE_NEWPID, Verdict::failure, "no container of an engine can be made",
     "sysctl -w user.max_pid_namespaces=15000"},
    {"network namespace", CLONE_NEWNET, Verdict::failure,
     "only containers with the host's network can be made",
     "sysctl -w user.max_net_namespaces=15000"},
    {"ipc namespace", CLONE_NEWIPC, Verdict::failure, "no container of an engine can be made",
     "sysctl -w user.max_ipc_namespaces=15000"},
    {"uts namespace", CLONE_NEWUTS, Verdict::failure, "no container can have a hostname",
     "sysctl -w user.max_uts_namespaces=15000"},
    {"cgroup namespace", CLONE_NEWCGROUP, Verdict::warning,
     "containers see the host's cgroup paths", "sysctl -w user.max_cgroup_namespaces=15000"},
    {"time namespace", CLONE_NEWTIME, Verdict::warning,
     "linux.timeOffsets and namespaces of type `time` are refused",
     "sysctl -w user.max_time_namespaces=15000"},
});

Result<> nothing() { return {}; }

void check_user_namespace(Checkup& checkup) {
  const auto made = try_in_child(CLONE_NEWUSER, nothing);
  if (made.ok()) {
    checkup.ok("user namespace", "can be made and mapped");
    return;
  }
  checkup.bad("user namespace", is_root() ? Verdict::warning : Verdict::failure,
              made.error().message,
              is_root() ? "containers with a user namespace (userns-remap, --userns) are refused"
                        : "no rootless container can be made",
              "sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1");
}

constexpr const char* kOutdated =
    "Linux 5.12 or newer, and no seccomp filter around myrt that denies it (myrt in a container: "
    "allow it in the profile)";

// --- the new mount API, as mounts/ uses it

Result<> mount_something() {
  const sys::UniqueFd filesystem = TRY(sys::fsopen("tmpfs"));
  TRY(sys::fsconfig_create(filesystem.get()));
  const sys::UniqueFd mount = TRY(sys::fsmount(filesystem.get(), MOUNT_ATTR_NOSUID));
  TRY(sys::mount_setattr(mount.get(), sys::Recursive::no, {.set = MOUNT_ATTR_RDONLY}));
  const sys::UniqueFd target = TRY(sys::open("/", O_PATH | O_DIRECTORY));
  return sys::move_mount_onto(mount.get(), target.get(), "/");
}

Result<> resolve_in_root() {
  const sys::UniqueFd root = TRY(sys::open("/", O_PATH | O_DIRECTORY));
  TRY(sys::open_in_root(root.get(), "proc/../", O_PATH));
  return {};
}

Result<> copy_self() {
  const auto tree = sys::open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE);
  if (tree.ok()) return {};
  constexpr unsigned kExecutable = 0x0010U;  // MFD_EXEC; refused by kernels that do not know it
  for (const unsigned flags : {MFD_CLOEXEC | kExecutable, unsigned{MFD_CLOEXEC}}) {
    if (sys::UniqueFd(static_cast<int>(::syscall(SYS_memfd_create, "myrt", flags))).valid()) {
      return {};
    }
  }
  return errno_error("memfd_create", "make a sealed copy of myrt");
}

// --- id-mapped mounts, on the filesystems that images are usually on

Result<> id_map(const std::string& directory, const sys::Procfs& procfs) {
  mounts::Plan plan;
  plan.root.attach = false;
  mounts::BindMount bind;
  bind.source = directory;
  const std::vector<oci::IdMapping> mapping = {
      {.container_id = 0, .host_id = 100000, .size = 65536}};
  bind.id_mapping.emplace();
  bind.id_mapping->uid_mappings = mapping;
  bind.id_mapping->gid_mappings = mapping;
  mounts::Step step;
  step.destination = "/mnt";
  step.action = std::move(bind);
  plan.steps.push_back(std::move(step));
  mounts::Sources sources = TRY(mounts::open_sources(plan));
  return mounts::apply_id_mappings(sources, plan, procfs, -1);
}

void check_id_mapped_mounts(const Context& context, const sys::Procfs& procfs, Checkup& checkup) {
  const auto table = MountTable::open(procfs, "self");
  if (!table.ok()) return;
  std::map<std::string, Result<>> tried;  // by filesystem
  for (const std::string& directory :
       {context.root, std::string("/"), std::string("/tmp"), std::string("/var/lib"),
        std::string("/var/lib/containers/storage"), std::string("/var/lib/docker"),
        std::string("/var/lib/containerd")}) {
    const auto place = table->find(directory);
    if (!place.ok() || !*place || (*place)->mount == nullptr) continue;
    const std::string& fstype = (*place)->mount->fstype;
    if (tried.count(fstype) == 0) tried.emplace(fstype, id_map(directory, procfs));
  }
  std::string can;
  std::string cannot;
  for (const auto& [fstype, result] : tried) {
    std::string& list = result.ok() ? can : cannot;
    list += (list.empty() ? "" : " ") + fstype;
  }
  if (cannot.empty()) {
    checkup.ok("id-mapped mounts", can);
  } else {
    checkup.bad("id-mapped mounts", can.empty() ? Verdict::warning : Verdict::note,
                fmt::format("{}not on {}", can.empty() ? "" : can + "; ", cannot),
                "mounts with uidMappings from there are refused",
                "keep the files on ext4, xfs, btrfs or tmpfs (Linux 5.12, overlay 5.19 or newer)");
  }
}

// --- seccomp

// A filter that allows everything, loaded in a child that ends with it.
Result<> load_filter(unsigned flags) {
  const std::array<sock_filter, 1> allow = {{BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog program = {.len = 1, .filter = const_cast<sock_filter*>(allow.data())};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return errno_error("prctl", "set no_new_privs");
  }
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) < 0) {
    return errno_error("seccomp", "load a filter");
  }
  return {};
}

bool is_at_least(const char* release, int major, int minor) {
  int own_major = 0;
  int own_minor = 0;
  const std::string_view text = release;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, own_major);
  if (parsed.ptr != end && *parsed.ptr == '.') std::from_chars(parsed.ptr + 1, end, own_minor);
  return own_major > major || (own_major == major && own_minor >= minor);
}

}  // namespace

void check_kernel(Checkup& checkup) {
  utsname name = {};
  ::uname(&name);
  const std::string finding = fmt::format("Linux {} {}", name.release, name.machine);
  if (is_at_least(name.release, 5, 12)) {
    checkup.ok("kernel", finding);
  } else {
    checkup.bad("kernel", Verdict::failure, finding, "myrt needs Linux 5.12 or newer",
                "boot a newer kernel");
  }
  const auto resolved = resolve_in_root();
  if (resolved.ok()) {
    checkup.ok("openat2", "paths can be kept inside a root");
  } else {
    checkup.bad("openat2", Verdict::failure, resolved.error().message, "no container can be made",
                kOutdated);
  }
}

void check_namespaces(Checkup& checkup) {
  check_user_namespace(checkup);
  for (const NamespaceProbe& probe : kNamespaces) {
    // clone3 makes no time namespace for its own child.
    const bool by_unshare = probe.flag == CLONE_NEWTIME;
    const auto made = try_in_child(with_privileges(by_unshare ? 0 : probe.flag), [&]() -> Result<> {
      if (by_unshare && ::unshare(CLONE_NEWTIME) != 0) {
        return errno_error("unshare", "make a time namespace");
      }
      return {};
    });
    if (made.ok()) {
      checkup.ok(probe.name, "can be made");
    } else {
      checkup.bad(probe.name, probe.verdict, made.error().message, probe.consequence, probe.fix);
    }
  }
}

void check_mounts(const Context& context, const sys::Procfs& procfs, Checkup& checkup) {
  const auto mounted = try_in_child(with_privileges(CLONE_NEWNS), mount_something);
  if (mounted.ok()) {
    checkup.ok("mount API", "fsopen, fsmount, mount_setattr, move_mount");
  } else {
    checkup.bad("mount API", Verdict::failure, mounted.error().message, "no container can be made",
                kOutdated);
  }
  const auto copied = copy_self();
  if (copied.ok()) {
    checkup.ok("sealed copy", "myrt can execute a read-only copy of itself (CVE-2019-5736)");
  } else {
    checkup.bad("sealed copy", Verdict::failure, copied.error().message,
                "create, run and exec are refused", "sysctl -w vm.memfd_noexec=0");
  }
  if (is_root()) check_id_mapped_mounts(context, procfs, checkup);
}

void check_seccomp(Checkup& checkup) {
  const auto loaded = try_in_child(0, [] { return load_filter(0); });
  if (!loaded.ok()) {
    checkup.bad("seccomp", Verdict::failure, loaded.error().message,
                "containers with a seccomp profile (the default of all engines) are refused",
                "a kernel with CONFIG_SECCOMP_FILTER");
    return;
  }
  checkup.ok("seccomp", "a filter can be loaded");
  const auto notified =
      try_in_child(0, [] { return load_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER); });
  if (notified.ok()) {
    checkup.ok("seccomp notification", "a listener can be had");
  } else {
    checkup.bad("seccomp notification", Verdict::warning, notified.error().message,
                "profiles with SCMP_ACT_NOTIFY are refused", "Linux 5.0 or newer");
  }
}

}  // namespace myrt::inspection
