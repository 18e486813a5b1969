// What `list` and `metrics` say of a container, with as few system calls as it takes.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/container/status.h"
#include "sys/result.h"
#include "sys/seqpacket.h"

namespace myrt::container {

// Observes many containers, with no fd of them left open: nothing is done to any of them, so that
// nothing has to be pinned.
class Glance {
 public:
  struct Seen {
    oci::State state;
    std::string rootfs, created;
    cgroups::Location cgroup;
    std::vector<sys::PhaseTime> phases;
    uid_t owner = 0;
  };

  // Errors: not_found when there is no such directory; system.
  static Result<Glance> open(std::string root);

  // nullopt: the container is not as usual (half made, damaged, its cgroup moved by others, gone),
  // and find() says what it is. Extent::metrics: with the phases of the creation.
  std::optional<Seen> at(const std::string& id, Extent extent) const;

 private:
  Glance(std::string root, sys::UniqueFd root_fd, sys::SeqpacketProbe probe)
      : root_(std::move(root)), root_fd_(std::move(root_fd)), probe_(std::move(probe)) {}
  std::optional<oci::Status> status_of(const ContainerState& state) const;

  std::string root_;
  sys::UniqueFd root_fd_;
  sys::SeqpacketProbe probe_;
};

}  // namespace myrt::container
