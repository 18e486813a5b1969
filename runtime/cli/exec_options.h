// Arguments of exec -> the options of the library.
#pragma once

#include "runtime/cli/arguments.h"
#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::cli {

// Reads the file of --process to its end; it may be a pipe (contract §1.8). Options and a command
// that would change or replace that process are refused beside it, except --tty, which conmon
// passes too. LISTEN_FDS is left alone as in runc: LISTEN_PID=1 would be wrong for a process that
// is not the first one. Errors: invalid_argument, invalid_config (the process object), system.
Result<ExecOptions> exec_options(const CommandLine& line);

}  // namespace myrt::cli
