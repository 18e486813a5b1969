// Mounts that a running container gets, and gives up again: `mounts add` and `mounts remove`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mounts/plan.h"
#include "mounts/sources.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::mounts {

// A mount that was added. The id tells it from whatever the container has put in its place since.
struct HotMount {
  std::string destination;  // clean, absolute in the container
  std::uint64_t mount_id = 0;
  bool operator==(const HotMount&) const = default;
};

// Pure. What `mounts` alone ask for in a container of this config, as a plan for open_sources,
// apply_id_mappings and add_hot_mounts. Errors: as plan(); unsupported, with the mount's pointer,
// for what makes no mount (`remount`, `copy-symlink`), what would take the place of a file system
// that the container's start has set up (proc, cgroup), and `iversion`, which cannot be set by fd.
Result<Plan> plan_hot_mounts(const oci::Spec& spec, const std::vector<oci::Mount>& mounts,
                             const Inputs& inputs);

// All of them in the listed order, or none. Runs in a process of its own that has joined the
// container's namespaces; `root_fd` is the container's root there, and `procfs` the host's. Every
// destination is resolved once, in the root, to an fd, as for a new container. Takes the trees of
// `sources`. Changes the umask and the working directory. Errors: system, with the mount's pointer.
Result<std::vector<HotMount>> add_hot_mounts(const Plan& plan, Sources& sources, int root_fd,
                                             const sys::Procfs& procfs);

// Takes them away, the last one first, together with what the container has mounted below. All are
// found before the first is touched. In the same kind of process. Errors: wrong_status when
// something else is at a destination by now; system.
Result<> remove_hot_mounts(const std::vector<HotMount>& mounts, int root_fd,
                           const sys::Procfs& procfs);

}  // namespace myrt::mounts
