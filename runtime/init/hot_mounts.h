// `mounts add` and `mounts remove`: the half that runs inside the container's namespaces.
#pragma once

#include <cstdint>
#include <vector>

#include "mounts/hot.h"
#include "sys/procfs.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::init {

// The container, as its namespaces are joined.
struct HotMountContext {
  const sys::Procfs& procfs;     // the host's
  int init_pidfd = -1;           // of the container's init
  std::uint64_t namespaces = 0;  // CLONE_NEW* of those that differ from the runtime's
  sys::UniqueFd
      root;  // to resolve in; invalid where the root of the mount namespace is the container's
};

// Each clones a process that joins the container's mount namespace (and what new filesystems take
// from the others), does the work and ends; it is never visible in the container's pid namespace,
// and not dumpable. Runtime process, single-threaded. Signals are held back meanwhile, so that the
// terminal's interrupt key does not stop it half-way. Errors: those of mounts/hot.h, verbatim.
Result<std::vector<mounts::HotMount>> add_hot_mounts(HotMountContext& context,
                                                     const mounts::Plan& plan,
                                                     mounts::Sources& sources);
Result<> remove_hot_mounts(HotMountContext& context, const std::vector<mounts::HotMount>& mounts);

}  // namespace myrt::init
