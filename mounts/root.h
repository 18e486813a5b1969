// The container's root mount: attached, entered, and finished (ROO-01..04, ROP-01..06).
#pragma once

#include "mounts/plan.h"
#include "mounts/sources.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::mounts {

// The root mount of the container. `fd` is O_PATH and stays valid over enter_root.
struct Root {
  sys::UniqueFd fd;
};

// Runs in init, in its new mount namespace. Cuts propagation towards the host (everything becomes a
// slave) and attaches the rootfs clone over the rootfs directory. Without a mount namespace of its
// own it only opens the directory. Takes Sources::root_tree. Errors: system.
Result<Root> prepare_root(const Plan& plan, Sources& sources);

// Runs in init after apply() and the createContainer hooks. Afterwards "/" and "." are the
// container's root, the host's tree is gone from this namespace, and "/" is what a process finds
// that joins it, even where the runtime itself is in a chroot. pivot_root(2), pivot_root(".", ".").
// Errors: system; unsupported for RootSwitch::move in a chroot.
Result<> enter_root(const Plan& plan, const Root& root);

// Runs in init, last of the mount work: the root's read-only attribute (ROO-03) and its final
// propagation (ROP-02..05), both on the fd (CVE-2026-115521). Errors: system.
Result<> finish_root(const Plan& plan, const Root& root);

}  // namespace myrt::mounts
