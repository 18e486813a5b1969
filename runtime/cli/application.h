// One run of the myrt command: a parsed command line -> its effect, its output and the exit status.
#pragma once

#include "runtime/cli/arguments.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/environment.h"
#include "runtime/cli/personality.h"
#include "sys/late_close.h"
#include "sys/result.h"

namespace myrt::cli {

// Whether the command puts a process into a container, and so needs a binary that the container
// cannot reach (CVE-2019-5736).
bool enters_container(const CommandLine& line);

// What myrt exits with when the command fails: 255 for exec, to keep that apart from what the
// executed process may return, and 1 for everything else (contract §2.3).
int failure_status(const CommandLine& line);

// Does what `line` asks for, prints the one error, and returns the exit status of the process
// (contract §2.3). `prepared` is what happened before: when it failed, that is the error and
// nothing else is done. `seal` is what init::take_seal returned.
int run_application(const CommandLine& line, const Personality& personality,
                    const Environment& environment, const Streams& streams,
                    const Result<>& prepared, sys::LateClose seal = {});

}  // namespace myrt::cli
