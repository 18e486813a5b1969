// The regular expressions of `kill --regex` and `delete --regex`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sys/result.h"

namespace myrt::cli {

// Those of `ids` in which the POSIX extended regular expression `pattern` matches anywhere, as with
// crun. Errors: invalid_argument (not a regular expression).
Result<std::vector<std::string>> matching_ids(const std::string& pattern,
                                              std::vector<std::string> ids);

}  // namespace myrt::cli
