#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "capabilities/apply.h"
#include "runtime/init/lsm_labels.h"
#include "runtime/inspection/checkup.h"
#include "sys/files.h"
#include "sys/seqpacket.h"

namespace myrt::inspection {
namespace {

bool is_root() { return ::geteuid() == 0; }

void check_capabilities(Checkup& checkup) {
  const auto held = capabilities::held();
  if (!held.ok()) return;
  const capabilities::Set missing = capabilities::kAllCapabilities & ~held->grantable();
  if (missing == 0) {
    checkup.ok("capabilities", "all of them");
    return;
  }
  const bool cannot_mount = (missing & capabilities::bit(CAP_SYS_ADMIN)) != 0;
  const bool cannot_raise = (missing & capabilities::bit(CAP_SYS_RESOURCE)) != 0;
  checkup.bad("capabilities", cannot_mount ? Verdict::failure : Verdict::warning,
              "missing: " + capabilities::to_string(missing),
              cannot_mount   ? "no container can be made by this root"
              : cannot_raise ? "containers cannot have them; hard rlimits cannot be raised, and "
                               "oom_score_adj cannot be lowered"
                             : "containers cannot have them",
              "give them back to the service that starts the engine (systemd: "
              "CapabilityBoundingSet=); or keep limits low (podman, docker: default_ulimits)");
}

// The first field of this user's line in the host's /etc/passwd.
std::string user_name(uid_t uid) {
  const auto passwd = sys::read_file("/etc/passwd");
  const std::string label = fmt::format(":{}:", uid);
  for (std::string_view rest = passwd.ok() ? std::string_view(*passwd) : ""; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t name_end = line.find(':');
    const std::size_t uid_at =
        name_end == std::string_view::npos ? name_end : line.find(':', name_end + 1);
    if (uid_at != std::string_view::npos && line.substr(uid_at).starts_with(label)) {
      return std::string(line.substr(0, name_end));
    }
  }
  return std::to_string(uid);
}

void check_sub_ids(const DoctorOptions& options, Checkup& checkup) {
  const std::string user = user_name(::geteuid());
  for (const char* file : {"/etc/subuid", "/etc/subgid"}) {
    const auto text = sys::read_file(file);
    if (text.ok() && ("\n" + *text).find("\n" + user + ":") != std::string::npos) continue;
    checkup.bad(
        "subordinate ids", Verdict::warning, fmt::format("`{}` has no line of {}", file, user),
        "engines give rootless containers one user only",
        fmt::format("usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {}", user));
    return;
  }
  for (const char* program : {"newuidmap", "newgidmap"}) {
    if (!find_program(options.search_path, program).empty()) continue;
    checkup.bad("subordinate ids", Verdict::warning, fmt::format("no `{}` in PATH", program),
                "engines give rootless containers one user only", "apt install uidmap");
    return;
  }
  checkup.ok("subordinate ids", user);
}

std::string nearest_existing(std::string path) {
  while (path.size() > 1 && ::access(path.c_str(), F_OK) != 0) {
    path.resize(std::max<std::size_t>(1, path.rfind('/')));
  }
  return path;
}

void check_socket(const std::vector<std::string>& paths, const char* consequence, const char* fix,
                  Checkup& checkup) {
  std::string why;
  for (const std::string& path : paths) {
    const auto connected = sys::connect_unix(path);
    if (connected.ok()) {
      checkup.ok("systemd bus", path);
      return;
    }
    why = connected.error().message;
  }
  checkup.bad("systemd bus", Verdict::note, why, consequence, fix);
}

void check_criu(const DoctorOptions& options, Checkup& checkup) {
  const std::string program = find_program(options.search_path, "criu");
  constexpr const char* kConsequence = "no container can be checkpointed or restored";
  if (program.empty()) {
    checkup.bad("criu", Verdict::note, "no `criu` in PATH", kConsequence, "apt install criu");
    return;
  }
  const auto status = exit_status_of(program, "check");
  if (status.ok() && *status == 0) {
    checkup.ok("criu", fmt::format("`{} check` is content", program));
    return;
  }
  checkup.bad("criu", Verdict::warning,
              status.ok() ? fmt::format("`{} check` ends with status {}", program, *status)
                          : status.error().message,
              kConsequence, fmt::format("see the output of `{} check`; a newer criu", program));
}

}  // namespace

void check_privileges(const DoctorOptions& options, Checkup& checkup) {
  if (is_root()) {
    check_capabilities(checkup);
  } else {
    check_sub_ids(options, checkup);
  }
}

void check_state_root(const Context& context, Checkup& checkup) {
  const std::string directory = nearest_existing(context.root);
  if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    const Error error = errno_error("faccessat", fmt::format("write to `{}`", directory));
    checkup.bad("state directory", Verdict::failure, error.message, "no container can be made",
                "myrt --root DIR, with a directory that can be written");
    return;
  }
  struct statfs filesystem = {};
  if (::statfs(directory.c_str(), &filesystem) == 0 && filesystem.f_type != TMPFS_MAGIC) {
    checkup.bad("state directory", Verdict::note,
                fmt::format("`{}` is not on a tmpfs", context.root),
                "state outlives a boot, and its containers do not",
                "myrt --root /run/myrt, or any directory on a tmpfs");
    return;
  }
  checkup.ok("state directory", context.root);
}

void check_security_modules(Checkup& checkup) {
  const auto sysfs = sys::open("/sys", O_PATH | O_DIRECTORY);
  if (!sysfs.ok()) {
    checkup.bad("/sys", Verdict::warning, sysfs.error().message,
                "whether AppArmor or SELinux is on cannot be told", "mount -t sysfs sysfs /sys");
    return;
  }
  const bool apparmor = init::apparmor_enabled(sysfs->get());
  const bool selinux = init::selinux_enabled(sysfs->get());
  if (apparmor || selinux) {
    checkup.ok("security modules",
               fmt::format("{}{}{}", apparmor ? "AppArmor" : "", apparmor && selinux ? ", " : "",
                           selinux ? "SELinux" : ""));
    return;
  }
  checkup.bad("security modules", Verdict::note, "neither AppArmor nor SELinux is on",
              "configurations that name a profile or a label are refused",
              "boot with apparmor=1 security=apparmor, or with selinux=1");
}

void check_services(const DoctorOptions& options, Checkup& checkup) {
  constexpr const char* kConsequence =
      "--systemd-cgroup (the default of engines on systemd hosts) cannot work";
  if (is_root()) {
    check_socket({"/run/systemd/private", "/run/dbus/system_bus_socket"}, kConsequence,
                 "boot with systemd; or let the engine use cgroupfs", checkup);
  } else {
    check_socket({options.xdg_runtime_dir + "/systemd/private", options.xdg_runtime_dir + "/bus"},
                 kConsequence, "loginctl enable-linger; apt install dbus-user-session", checkup);
  }
  check_criu(options, checkup);
}

}  // namespace myrt::inspection
