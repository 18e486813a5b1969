// Ending a container's processes and waiting, with a bound, until they are gone.
#pragma once

#include "runtime/container/status.h"
#include "sys/result.h"

namespace myrt::container {

// SIGKILL to init and to everything in the container's cgroup, and waits until init has exited.
// Idempotent. Errors: timeout, with what init was doing.
Result<> kill_everything(const Container& container);

}  // namespace myrt::container
