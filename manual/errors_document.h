// docs/errors.md: every code, phase and hint. Pure.
#pragma once

#include <string>

#include "runtime/cli/error_texts.h"

namespace myrt::manual {

// "system in state, ENOSPC": what a hint is about.
std::string describe(const cli::Hint& hint);
std::string errors_document();

}  // namespace myrt::manual
