// Protection of the runtime's own binary from containers (CVE-2019-5736).
#pragma once

#include "sys/result.h"

namespace myrt::init {

// Re-executes the calling process once from a copy of its binary that nobody can write: a detached
// read-only clone of the mount that holds it, or a sealed memfd where the caller may not make
// mounts. Returns at once in the process that already runs from such a copy. Call it at the very
// top of main, before any fd is opened, for the commands that put a process into a container
// (create, run, exec): a container process may then open /proc/PID/exe of init or be started as
// `#!/proc/self/exe`, and the host's file stays out of reach. Errors: system.
Result<> seal_self(char** argv, char** envp);

}  // namespace myrt::init
