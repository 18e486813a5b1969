// Finds process.args[0] in the container, and says why an execve failed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sys/result.h"

namespace myrt::init {

// In init, after pivot_root, chdir and the user switch: what execvp(3) would execute. A name
// without a slash is searched in PATH of `env` (the last one; "/bin:/usr/bin" without any). The
// messages are those that podman, moby and containerd match:
//   unable to start container process: exec: "nosuch": executable file not found in $PATH
//   unable to start container process: exec: "/x": stat /x: no such file or directory
//   unable to start container process: exec: "/etc": permission denied
// Errors: executable_not_found, executable_not_permitted (PRC-09), at /process/args/0.
Result<std::string> find_executable(const std::string& command,
                                    const std::vector<std::string>& env);

// In init, after a failed execve of `path`: the same texts, with the missing script or ELF
// interpreter, or the foreign architecture, named.
Error diagnose_exec_failure(const std::string& path, int errno_value);

// `text` in double quotes with Go's escapes, as the engines print commands.
std::string quoted(std::string_view text);

}  // namespace myrt::init
