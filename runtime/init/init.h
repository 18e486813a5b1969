// Init: the container's first process, from clone3 to execve.
#pragma once

#include "cgroups/cgroup.h"
#include "mounts/sources.h"
#include "namespaces/enter.h"
#include "oci-spec/state.h"
#include "runtime/hooks/run_hooks.h"
#include "runtime/init/handshake.h"
#include "runtime/init/process_setup.h"
#include "runtime/init/start_gate.h"
#include "runtime/plan/container_plan.h"
#include "sys/late_close.h"
#include "sys/procfs.h"
#include "sys/result.h"
#include "sys/trace.h"

namespace myrt::init {

// Everything that init inherits over clone3: plain memory and fds, no re-exec and nothing to parse.
struct InitContext {
  const oci::Spec& spec;
  const plan::ContainerPlan& plan;
  const sys::Procfs& procfs;
  std::optional<ProcessContext> process;  // nullopt: the config has none; start refuses (OPS-08)
  oci::State state;                       // for createContainer and startContainer hooks
  const namespaces::OpenJoins& joins;
  const cgroups::SelfJoin& self_join;
  // nullopt: init opens them itself, since the runtime process may not (rootless).
  std::optional<mounts::Sources>& sources;
  hooks::Output hook_output;  // for the hooks that init runs
  const sys::Trace& trace;
  const sys::LateClose& seal;  // closed first of all: the last one to close it waits
  pid_t host_pid = 0;          // of init; known once it may proceed
};

// Whether init has to wait for the runtime process before its own hooks: for hooks of the
// runtime's, and so that limits are set.
bool needs_runtime_hooks(const oci::Hooks& hooks);

// Runs init in the child of clone3 and never returns: it ends in execve, or in `failed` and exit.
// `gate` is null for `run`, where the runtime process itself says `start`.
[[noreturn]] void run(InitContext& context, Channel& runtime, const StartGate* gate);

}  // namespace myrt::init
