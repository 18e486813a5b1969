// The wording that the problems of parsing and of validation share. Private to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace myrt::oci {

// `text` cut at a character boundary when it is too long for a message.
std::string shortened(std::string_view text);
// The same in backquotes.
std::string quoted(std::string_view text);

// "expected an integer from 0 to 100, got 101"
std::string expected_integer(std::int64_t min, std::uint64_t max, std::string_view got);
// "expected an absolute path, got `proc`"
std::string expected_absolute_path(std::string_view got);

}  // namespace myrt::oci
