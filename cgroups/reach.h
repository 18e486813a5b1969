// Whether this process may clone into a cgroup that systemd made, and what to do if not.
#pragma once

#include <string>
#include <string_view>

#include "cgroups/cgroup.h"
#include "sys/result.h"

namespace myrt::cgroups {

// The nearest cgroup above or at both, as paths below the mount point: "" is the root. Pure.
std::string common_ancestor(std::string_view a, std::string_view b);

// The kernel wants the right to write cgroup.procs of the nearest common ancestor
// (cgroups(7), "Delegation containment"). A user who calls us from a login session has none to
// where his manager's units are, session-N.scope being root's. The manager can move processes of
// his: then it makes a scope for this process, which ends with it (as Podman does for itself). A
// no-op without a unit. Runtime process. Errors: system; those of systemd.
Result<> come_within_reach(const Location& location);

}  // namespace myrt::cgroups
