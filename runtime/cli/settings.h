// The global options -> the Context of the library. The root's default depends on who calls.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/cli/arguments.h"
#include "runtime/cli/environment.h"
#include "runtime/cli/personality.h"
#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::cli {

// Whether this process is in a user namespace of its own. Asked only where the answer matters, as
// it costs reading /proc/self/uid_map.
enum class UserNamespace : std::uint8_t { initial, other };
UserNamespace current_user_namespace();

struct Root {
  std::string path;     // absolute and lexically clean
  bool in_xdg = false;  // chosen by default, below $XDG_RUNTIME_DIR
};

// --root, made absolute; otherwise /run/NAME, or $XDG_RUNTIME_DIR/NAME for a rootless caller
// (--rootless; by default: not root, or root of a user namespace and not `root` by $USER), the same
// rule as runc's. --rootless has no other effect. Errors: invalid_argument.
Result<Root> state_root(const OptionValues& globals, const Personality& personality,
                        const Environment& environment,
                        UserNamespace (*user_namespace)() = current_user_namespace);

// The last of --systemd-cgroup and --cgroup-manager counts: podman appends `--cgroup-manager
// disabled` to conmon's `--systemd-cgroup`. Errors: invalid_argument.
Result<CgroupManager> cgroup_manager(const OptionValues& globals);

// The system's, or a user's manager for a rootless caller: not root, or root of a user namespace
// with a session of its own.
Systemd systemd(const Environment& environment,
                UserNamespace (*user_namespace)() = current_user_namespace);

// Makes a root below $XDG_RUNTIME_DIR, mode 0700 and sticky: the XDG Base Directory Specification
// exempts sticky files from clean-up. Others are made by the library.
Result<> make_xdg_root(const Root& root);

}  // namespace myrt::cli
