// Cloning init into its namespaces and its cgroup, from the runtime process.
#pragma once

#include "runtime/init/handshake.h"
#include "runtime/init/init.h"
#include "runtime/init/start_gate.h"
#include "sys/process.h"
#include "sys/result.h"

namespace myrt::init {

struct ChannelPair {
  Channel runtime, init;
  static Result<ChannelPair> open();
};

// One clone3 with all new namespaces and, where there is a unified hierarchy, CLONE_INTO_CGROUP.
// Where a user namespace is joined, an intermediate process makes that clone3
// (namespaces::Plan::needs_helper), and init is a child of the runtime process all the same
// (CLONE_PARENT). Returns in the runtime process only; `channels.init` lives on in init
// alone.
//
// Runtime process, single-threaded. Errors: system; whatever the intermediate process reports.
Result<sys::ChildProcess> spawn(InitContext& context, int cgroup_fd, ChannelPair& channels,
                                const StartGate* gate);

}  // namespace myrt::init
