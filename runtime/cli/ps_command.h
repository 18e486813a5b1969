// Runs the host's ps(1) for `myrt ps`.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sys/result.h"

namespace myrt::cli {

// The standard output of ps(1) with `arguments` (or -ef, when there are none); its standard error
// is ours. Only /bin/ps and /usr/bin/ps are tried: PATH may be empty, or someone else's
// (contract §0.20). Errors: system; not_found (no ps); invalid_argument (ps failed).
Result<std::string> run_ps(std::span<const std::string_view> arguments);

}  // namespace myrt::cli
