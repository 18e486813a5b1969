// Relative paths of the command line -> absolute ones, before anything changes the directory.
#pragma once

#include <string>
#include <string_view>

#include "sys/result.h"

namespace myrt::cli {

// Absolute and lexically clean; a relative path is below the current directory, and an empty one is
// that directory. Errors: system (the current directory was removed).
Result<std::string> absolute_path(std::string_view path);

}  // namespace myrt::cli
