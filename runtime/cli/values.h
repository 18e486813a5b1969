// The values of options as people write them: sizes, durations, integers, booleans. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sys/result.h"

namespace myrt::cli {

// Decimal only: no sign, no spaces, nothing after the digits. nullopt also when it does not fit.
std::optional<std::uint64_t> parse_unsigned(std::string_view text);
// As above with an optional leading minus.
std::optional<std::int64_t> parse_signed(std::string_view text);

// The spellings of Go's strconv.ParseBool, which runc's callers use: 1 t T true TRUE True 0 f F
// false FALSE False.
std::optional<bool> parse_boolean(std::string_view text);

// Bytes with an optional binary suffix: 512, 64k, 64kB, 1.5g, "2 GiB"; b k m g t p in any case, or
// -1 for "no limit". A fraction of a byte is dropped. Errors: invalid_argument.
Result<std::int64_t> parse_size(std::string_view text);

// A duration as Go writes it, not negative: 5s, 100ms, 1.5h, 1m30s, 0. Rounded up to whole
// milliseconds. Errors: invalid_argument.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace myrt::cli
