// Protection of the runtime's own binary from containers (CVE-2019-5736).
#pragma once

#include "sys/late_close.h"
#include "sys/result.h"

namespace myrt::init {

// Re-executes the calling process once from a copy of its binary that nobody can write: a detached
// read-only clone of the mount that holds it, or a sealed memfd where the caller may not make
// mounts. Returns at once in the process that already runs from such a copy. Call it at the very
// top of main, before any fd is opened, for the commands that put a process into a container
// (create, run, exec): a container process may then open /proc/PID/exe of init or be started as
// `#!/proc/self/exe`, and the host's file stays out of reach. Errors: system.
Result<> seal_self(char** argv, char** envp);

// The clone that this process was executed from, if it was: its last fd. To close that takes the
// mount apart, which waits for an RCU grace period, so that the execution does not do it; whoever
// enters a container does, while its new process is at work, and before any program of the
// container's can run: what is mounted nowhere is a mount that nobody can make writable again.
// Close-on-exec from here on. Call it before any program is started.
sys::LateClose take_seal();

}  // namespace myrt::init
