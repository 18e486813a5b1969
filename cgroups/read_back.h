// Whether a cgroup file shows the value that was written to it: the kernel rounds, clamps and
// rewrites. Pure.
#pragma once

#include <string_view>

namespace myrt::cgroups {

// `text` is all that the file says, `asked` what Write::value wrote to it.
bool shows_value(std::string_view file, std::string_view asked, std::string_view text);

}  // namespace myrt::cgroups
