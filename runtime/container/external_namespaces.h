// Namespaces that a container joins by path: they are no part of a checkpoint, and CRIU is told to
// put the restored processes into those that the config names then.
#pragma once

#include <sys/types.h>

#include "namespaces/enter.h"
#include "runtime/container/blueprint.h"
#include "runtime/criu/messages.h"
#include "sys/result.h"

namespace myrt::container {

// For a dump: the joined network and pid namespaces of `pid` are external. Those of other types
// CRIU saves as if they were the container's. Errors: system.
Result<> add_dumped_namespaces(const Blueprint& blueprint, pid_t pid, criu::Options& options);

// For a restore: what the config joins now, by the fds of `joins`, which the CRIU process inherits.
void add_restored_namespaces(const Blueprint& blueprint, const namespaces::OpenJoins& joins,
                             criu::Options& options);

}  // namespace myrt::container
