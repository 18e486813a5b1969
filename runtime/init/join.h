// A process added to a running container by exec: from clone3 to execve.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "cgroups/cgroup.h"
#include "runtime/init/cpu_affinity.h"
#include "runtime/init/process_setup.h"
#include "sys/late_close.h"
#include "sys/process.h"
#include "sys/result.h"
#include "sys/trace.h"
#include "sys/unique_fd.h"

namespace myrt::init {

// What the new process inherits over clone3.
struct JoinContext {
  ProcessContext process;
  int init_pidfd = -1;           // of the container's init
  std::uint64_t namespaces = 0;  // CLONE_NEW* to join
  sys::UniqueFd
      root;  // to chroot into; invalid where the root of the mount namespace is the container's
  const cgroups::SelfJoin& self_join;
  const cgroups::Location& cgroup;  // the container's, which may be frozen: a wait that ran out
                                    // says so
  CpuAffinityPlan affinity;
  std::chrono::milliseconds bound{0};  // of each wait for the process; 0: none
  const sys::Trace& trace;
  const sys::LateClose& seal;  // closed first of all: the last one to close it waits
};

// Clones the process into the container's cgroup and pid namespace, joins the other namespaces, and
// returns when it has executed its program. `terminal` gets the pty master for
// TerminalTaker::runtime. Runtime process, single-threaded. Errors: whatever the process reports;
// nothing of it is left then.
Result<sys::ChildProcess> spawn_joining(JoinContext& context, int cgroup_fd,
                                        sys::UniqueFd& terminal);

}  // namespace myrt::init
