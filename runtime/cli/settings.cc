#include "runtime/cli/settings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/cli/absolute_path.h"
#include "runtime/cli/values.h"
#include "sys/files.h"
#include "sys/host_facts.h"

namespace myrt::cli {
namespace {

Error bad_global(std::string_view option, std::string_view value, std::string_view expected) {
  return make_error(
      ErrorCode::invalid_argument,
      fmt::format("invalid value `{}` for --{}: expected {}", value, option, expected));
}

bool is_rootless(const Environment& environment, UserNamespace (*user_namespace)()) {
  if (environment.euid != 0) return true;
  // Real root must not depend on a leftover XDG_RUNTIME_DIR (contract §0.20), and root in a user
  // namespace may not be able to write to /run.
  return environment.user != "root" && user_namespace() == UserNamespace::other;
}

}  // namespace

UserNamespace current_user_namespace() {
  const auto uid_map = sys::read_file("/proc/self/uid_map");
  // Without the file there are no user namespaces to be in.
  return uid_map.ok() && !sys::is_initial_uid_map(*uid_map) ? UserNamespace::other
                                                            : UserNamespace::initial;
}

Result<Root> state_root(const OptionValues& globals, const Personality& personality,
                        const Environment& environment, UserNamespace (*user_namespace)()) {
  const std::string_view rootless = globals.text("rootless", "auto");
  const auto asked = parse_boolean(rootless);
  if (!asked && rootless != "auto") {
    return bad_global("rootless", rootless, "true, false or auto");
  }
  if (globals.has("root")) {
    Root root{.path = TRY(absolute_path(globals.text("root"))), .in_xdg = false};
    if (globals.text("root").empty() || root.path == "/") {
      return bad_global("root", globals.text("root"), "a directory other than `/`");
    }
    return root;
  }
  const bool below_xdg = !environment.xdg_runtime_dir.empty() &&
                         (asked ? *asked : is_rootless(environment, user_namespace));
  if (!below_xdg) return Root{fmt::format("/run/{}", personality.name), false};
  const std::string path = fmt::format("{}/{}", environment.xdg_runtime_dir, personality.name);
  return Root{TRY(absolute_path(path)), true};
}

Result<CgroupManager> cgroup_manager(const OptionValues& globals) {
  CgroupManager manager = CgroupManager::cgroupfs;
  for (const auto& given : globals.in_order()) {
    if (given.option->name == "systemd-cgroup" && given.value == "true") {
      manager = CgroupManager::systemd;
    } else if (given.option->name == "cgroup-manager") {
      if (given.value == "cgroupfs") {
        manager = CgroupManager::cgroupfs;
      } else if (given.value == "systemd") {
        manager = CgroupManager::systemd;
      } else if (given.value == "disabled") {
        manager = CgroupManager::disabled;
      } else {
        return bad_global("cgroup-manager", given.value, "cgroupfs, systemd or disabled");
      }
    }
  }
  return manager;
}

Systemd systemd(const Environment& environment, UserNamespace (*user_namespace)()) {
  Systemd systemd;
  const bool has_session = !environment.session_bus.empty() || !environment.xdg_runtime_dir.empty();
  const bool rootless =
      environment.euid != 0 || (has_session && user_namespace() == UserNamespace::other);
  if (!rootless) {
    if (!environment.system_bus.empty()) systemd.bus = environment.system_bus;
    return systemd;
  }
  systemd.user = Switch::on;
  systemd.bus = environment.session_bus;
  if (systemd.bus.empty()) {
    const std::string directory = environment.xdg_runtime_dir.empty()
                                      ? fmt::format("/run/user/{}", environment.euid)
                                      : std::string(environment.xdg_runtime_dir);
    systemd.bus = fmt::format("unix:path={}/bus", directory);
  }
  return systemd;
}

Result<> make_xdg_root(const Root& root) {
  if (!root.in_xdg || ::mkdir(root.path.c_str(), 01700) == 0 || errno == EEXIST) return {};
  return errno_error("mkdir", fmt::format("make the root `{}`", root.path));
}

}  // namespace myrt::cli
