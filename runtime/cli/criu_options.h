// The options of `checkpoint` and `restore` as the library takes them.
#pragma once

#include <string>
#include <string_view>

#include "runtime/cli/arguments.h"
#include "runtime/cli/environment.h"
#include "runtime/cli/personality.h"
#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::cli {

// The first executable file `criu` in the absolute directories of a PATH, then in the standard
// ones, which engines that start a runtime with an empty environment need. Empty: there is none.
std::string find_criu(std::string_view path);

// Errors: invalid_argument; system.
Result<CheckpointOptions> checkpoint_options(const CommandLine& line,
                                             const Environment& environment);
Result<RestoreOptions> restore_options(const CommandLine& line, const Environment& environment,
                                       const Personality& personality);

}  // namespace myrt::cli
