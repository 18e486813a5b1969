// The second half of a container's start: what `start` and `run` share.
#pragma once

#include "runtime/container/container_state.h"
#include "runtime/container/state_store.h"
#include "runtime/init/handshake.h"
#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::container {

// Says `start` to the init at the other end and waits until it has executed the program.
Result<> wait_until_executed(init::Channel& channel);

// Poststart hooks, after the program was executed and before start returns (HOK-13). Errors:
// hook_failed; the caller then destroys the container (LIF-10).
Result<> run_poststart(const ContainerState& state, const StateDirectory& directory);

// Stops and destroys a container after a failed hook and runs its poststop hooks; the hook's error
// stays the error.
void destroy_after_failed_hook(const Context& context, const std::string& id);

}  // namespace myrt::container
