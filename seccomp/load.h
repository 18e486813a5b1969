// Installs a compiled filter in the calling process (seccomp(2)).
#pragma once

#include <optional>

#include "seccomp/compile.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::seccomp {

// In init, as late as its privileges allow (SEC-17): with no_new_privs set, or CAP_SYS_ADMIN in
// the effective set. From here on every syscall of this process is subject to the filter. Allocates
// nothing on success. Returns the listener (O_CLOEXEC) when the program notifies. Errors: system.
Result<std::optional<sys::UniqueFd>> load(const Program& program);

// The same for a process that shares the program's confinement but not its agent (a startContainer
// hook, which is the image's code as much as the program): without a listener the kernel answers
// what would be notified with ENOSYS.
Result<> load_without_listener(const Program& program);

}  // namespace myrt::seccomp
