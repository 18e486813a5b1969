// The options that create, run and exec share -> ProcessIo.
#pragma once

#include <string_view>

#include "runtime/cli/arguments.h"
#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::cli {

// --pid-file, --console-socket, --pidfd-socket and --preserve-fds. A relative pid file is made
// absolute, since the library does not work in the caller's directory.
// Errors: invalid_argument; system (the current directory is needed and gone).
Result<ProcessIo> process_io(const OptionValues& options);

// A number of file descriptors; two of them can be added without overflow. `name` is what the
// error calls it. Errors: invalid_argument.
Result<int> fd_count(std::string_view text, std::string_view name);

}  // namespace myrt::cli
