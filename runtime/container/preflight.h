// Says before a checkpoint what will not work, so that nothing is stopped in vain.
#pragma once

#include <string>
#include <vector>

#include "runtime/container/blueprint.h"
#include "runtime/container/external_mounts.h"
#include "runtime/container/status.h"
#include "runtime/container/streams.h"
#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::container {

// Whether a container with this config can be saved at all. Pure. Errors: unsupported, with the
// pointer of the field.
Result<> check_checkpointable(const Blueprint& blueprint);

// What the container's processes, init first, do at this moment that needs an option which was not
// given: tracers, file locks, TCP connections, terminals of the host. Errors: unsupported, which
// names the option.
Result<> check_processes(const Blueprint& blueprint, const std::vector<pid_t>& pids,
                         const std::vector<Stream>& streams, const CheckpointOptions& options);

// The pids of a /proc/locks that hold a lock. Pure.
std::vector<pid_t> lock_holders(std::string_view locks);
// Lines of a /proc/PID/net/tcp that are established connections. Pure.
std::size_t established_connections(std::string_view tcp);

}  // namespace myrt::container
