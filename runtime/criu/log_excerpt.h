// What CRIU's log says of a failure.
#pragma once

#include <string>
#include <string_view>

namespace myrt::criu {

// The lines with an error, in their order and without time stamps, at most `limit` of them: the
// first is usually the cause, and the others are what it led to. Empty when there is none. Pure.
std::string error_lines(std::string_view log, std::size_t limit = 8);

}  // namespace myrt::criu
