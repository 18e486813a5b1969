// Undoing what create made, also when create itself fails half-way.
#pragma once

#include <vector>

#include "runtime/container/status.h"
#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::container {

// What a container holds on this host, for `gc` to list and `destroy` to remove.
std::vector<Leftover> leftovers(const Container& container);

// Kills what is left and removes cgroup, mounts, resctrl groups and the state directory; then runs
// the poststop hooks of `hooks`, whose failures are warnings (LIF-12). Stops at the first resource
// that does not go, and keeps the state directory, so that it can be tried again. Of a container
// that was only planned it removes what is empty, since what is not is another's.
Result<> destroy(const Context& context, Container& container,
                 const std::vector<oci::Hook>& poststop);

// The poststop hooks of the container's configuration.
Result<std::vector<oci::Hook>> load_poststop_hooks(const Container& container);
// Poststop hooks, each run whatever became of the one before; failures are warnings.
void run_poststop(const Context& context, const std::vector<oci::Hook>& hooks,
                  const oci::State& state);

}  // namespace myrt::container
