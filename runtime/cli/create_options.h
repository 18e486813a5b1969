// Arguments of create and run -> the options of the library.
#pragma once

#include "runtime/cli/arguments.h"
#include "runtime/cli/environment.h"
#include "runtime/cli/personality.h"
#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::cli {

// A flag of the command line as the library takes it.
Switch to_switch(bool on);

// How many sockets a service manager has passed to this very process: LISTEN_FDS counts when
// LISTEN_PID is ours (sd_listen_fds(3)). As crun, LISTEN_PID is not asked for: crun does not, and
// its callers do not set it. Errors: invalid_argument.
Result<int> activation_fds(const Environment& environment, const Personality& personality);

// Errors: invalid_argument; system (the current directory is needed and gone).
Result<CreateOptions> create_options(const CommandLine& line, const Environment& environment,
                                     const Personality& personality);
Result<RunOptions> run_options(const CommandLine& line, const Environment& environment,
                               const Personality& personality);

}  // namespace myrt::cli
