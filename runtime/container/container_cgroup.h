// The cgroup of a container that is being made.
#pragma once

#include "cgroups/cgroup.h"
#include "runtime/container/blueprint.h"
#include "runtime/container/container_state.h"
#include "runtime/container/state_store.h"
#include "sys/result.h"

namespace myrt::container {

// The container's cgroup, with what has to be there before a process joins it.
Result<cgroups::Cgroup> make_cgroup(const Blueprint& blueprint);
// Writes down that the cgroups are the container's, and which: a rootless container may have none
// of the planned ones. Before a process of the container is in them.
Result<> claim(const cgroups::Cgroup& cgroup, ContainerState& state, StateDirectory& directory);

}  // namespace myrt::container
