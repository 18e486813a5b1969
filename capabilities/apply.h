// Capability sets of the calling process: reading, dropping, setting (capabilities(7)).
#pragma once

#include "capabilities/plan.h"
#include "sys/result.h"

namespace myrt::capabilities {

// What this process may give away.
struct HeldCapabilities {
  Set permitted = 0;
  Set bounding = 0;
  // A capability outlives execve only when it is in both.
  Set grantable() const { return permitted & bounding; }
};

// capget(2), and one PR_CAPBSET_READ for each capability of `wanted`: cheaper than having the
// kernel print /proc/self/status. `bounding` has none but those. Errors: system.
Result<HeldCapabilities> held(Set wanted = kAllCapabilities);
// held(wanted).grantable(): the `available` of plan() when init stays in this user namespace and
// the plan asks for no more than `wanted`, see requested() in plan.h.
Result<Set> available(Set wanted = kAllCapabilities);

// In init, before the user switch (it needs CAP_SETPCAP, CAP-05): removes every capability of
// `current_bounding` that the plan does not keep. `current_bounding` is HeldCapabilities::bounding,
// or kAllCapabilities after entering a user namespace. Errors: system.
Result<> drop_bounding(const Plan& plan, Set current_bounding);

// In init, after the user switch (with PR_SET_KEEPCAPS over it): sets effective, permitted and
// inheritable with one capset(2), then the ambient set.
//
// `extra_until_exec` stays permitted and effective until execve: CAP_SYS_ADMIN for loading a
// seccomp filter without no_new_privs. It cannot reach the program, since execve computes the
// permitted set from the bounding, inheritable and ambient sets only. Pass 0 with no_new_privs,
// where execve intersects with the old permitted set, and the extra one would count.
// Errors: system.
Result<> apply(const Plan& plan, Set extra_until_exec);

}  // namespace myrt::capabilities
