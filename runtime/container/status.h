// The status of a container, derived from the kernel each time and never stored.
#pragma once

#include <optional>
#include <string>

#include "oci-spec/state.h"
#include "runtime/container/container_state.h"
#include "runtime/container/state_store.h"
#include "sys/procfs.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::container {

// What decides a status.
struct Facts {
  bool being_created = false;  // no pid yet, and the creator holds the lock
  bool init_alive = false;     // the very process: same pid, same start time, not a zombie
  bool at_start_gate = false;
  bool frozen = false;
};
// Pure. A half-made container whose creator died is stopped: `delete` may have it.
oci::Status derive_status(const Facts& facts);

// A container as found on disk and in the kernel.
struct Container {
  StateDirectory directory;
  ContainerState state;
  oci::Status status = oci::Status::stopped;
  sys::UniqueFd init_pidfd;  // valid exactly when init is alive

  // The OCI state document's values; pid 0 when stopped.
  oci::State oci_state() const;
};

// Opens and observes. Errors: not_found; system; timeout (Lock::exclusive).
Result<Container> find(const std::string& root, const std::string& id, Lock lock);
// The same with the lock that nobody else holds; nullopt while another process works on the
// container, or when it is gone.
Result<std::optional<Container>> find_unattended(const std::string& root, const std::string& id);
// Whether init has never been let go: it waits at its gate, or died there.
bool was_never_started(const Container& container);

// Whether the process of that pid is the container's init, and alive.
bool is_init(const sys::ProcessStat& process, const ContainerState& state);

// A pidfd of the container's init; empty when it has exited (also when its pid now belongs to
// another process: STA-12).
Result<sys::UniqueFd> open_init(const ContainerState& state);

}  // namespace myrt::container
