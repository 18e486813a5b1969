#include "runtime/cli/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace myrt::cli {
namespace {

template <class Integer>
std::optional<Integer> parse_decimal(std::string_view text) {
  Integer value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error bad_value(std::string_view text, std::string_view expected) {
  return make_error(ErrorCode::invalid_argument, fmt::format("`{}`: expected {}", text, expected));
}

// A decimal number with an optional fraction of up to nine digits, kept exactly.
struct Decimal {
  std::uint64_t whole = 0;
  std::uint64_t billionths = 0;
};

constexpr std::uint64_t kBillion = 1'000'000'000;

std::optional<Decimal> parse_decimal_fraction(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  Decimal result;
  if (!whole.empty()) {
    const auto value = parse_unsigned(whole);
    if (!value) return std::nullopt;
    result.whole = *value;
  }
  if (dot == std::string_view::npos) return whole.empty() ? std::nullopt : std::optional(result);
  const std::string_view fraction = text.substr(dot + 1);
  if (whole.empty() && fraction.empty()) return std::nullopt;
  std::uint64_t unit = kBillion;
  for (const char digit : fraction) {
    if (digit < '0' || digit > '9') return std::nullopt;
    unit /= 10;
    result.billionths += unit * static_cast<std::uint64_t>(digit - '0');
  }
  return result;
}

// `number` times `unit`, or nullopt when that is more than an int64 holds.
std::optional<std::int64_t> multiply(const Decimal& number, std::uint64_t unit) {
  // Both factors are below 2^64, so that the products and their sum fit into 128 bits.
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(number.whole) * unit +
                       static_cast<Wide>(number.billionths) * unit / kBillion;
  if (product > static_cast<Wide>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return static_cast<std::int64_t>(product);
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// The factor of "", "b", "k", "kb" or "kib" and so on in any case.
std::optional<std::uint64_t> size_unit(std::string_view suffix) {
  constexpr std::string_view kPrefixes = "bkmgtp";
  if (suffix.empty()) return 1;
  const std::size_t prefix = kPrefixes.find(lower(suffix[0]));
  if (prefix == std::string_view::npos) return std::nullopt;
  const std::string_view rest = suffix.substr(1);
  const bool with_b = rest.size() == 1 && lower(rest[0]) == 'b';
  const bool with_ib = rest.size() == 2 && lower(rest[0]) == 'i' && lower(rest[1]) == 'b';
  if (!rest.empty() && (prefix == 0 || !(with_b || with_ib))) return std::nullopt;
  return std::uint64_t{1} << (10 * prefix);
}

struct TimeUnit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr auto kTimeUnits = std::to_array<TimeUnit>({
    {"ns", 1},
    {"us", 1'000},
    {"\u00b5s", 1'000},  // the micro sign
    {"\u03bcs", 1'000},  // the Greek letter mu
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
});

const TimeUnit* find_time_unit(std::string_view name) {
  for (const TimeUnit& unit : kTimeUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

}  // namespace

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  return parse_decimal<std::uint64_t>(text);
}

std::optional<std::int64_t> parse_signed(std::string_view text) {
  return parse_decimal<std::int64_t>(text);
}

std::optional<bool> parse_boolean(std::string_view text) {
  constexpr auto kTrue = std::to_array<std::string_view>({"1", "t", "T", "true", "TRUE", "True"});
  constexpr auto kFalse =
      std::to_array<std::string_view>({"0", "f", "F", "false", "FALSE", "False"});
  for (const std::string_view word : kTrue) {
    if (text == word) return true;
  }
  for (const std::string_view word : kFalse) {
    if (text == word) return false;
  }
  return std::nullopt;
}

Result<std::int64_t> parse_size(std::string_view text) {
  constexpr std::string_view kExpected = "bytes, with an optional suffix k, m, g, t or p, or -1";
  if (text == "-1") return std::int64_t{-1};
  const std::size_t digits_end = text.find_last_of("0123456789.");
  if (digits_end == std::string_view::npos) return bad_value(text, kExpected);
  const auto number = parse_decimal_fraction(text.substr(0, digits_end + 1));
  std::string_view suffix = text.substr(digits_end + 1);
  if (suffix.size() > 1 && suffix[0] == ' ') suffix.remove_prefix(1);
  const auto unit = size_unit(suffix);
  if (!number || !unit) return bad_value(text, kExpected);
  const auto bytes = multiply(*number, *unit);
  if (!bytes) return bad_value(text, "less than 8 EiB");
  return *bytes;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::string_view kExpected = "a duration such as 5s, 100ms or 1m30s";
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return bad_value(text, kExpected);
  std::uint64_t total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t unit_start = rest.find_first_not_of("0123456789.");
    if (unit_start == std::string_view::npos) return bad_value(text, kExpected);
    const auto number = parse_decimal_fraction(rest.substr(0, unit_start));
    rest.remove_prefix(unit_start);
    const std::size_t unit_end = std::min(rest.find_first_of("0123456789."), rest.size());
    const TimeUnit* unit = find_time_unit(rest.substr(0, unit_end));
    rest.remove_prefix(unit_end);
    if (!number || unit == nullptr) return bad_value(text, kExpected);
    const auto nanoseconds = multiply(*number, unit->nanoseconds);
    if (!nanoseconds) return bad_value(text, "less than 292 years");
    total += static_cast<std::uint64_t>(*nanoseconds);
    if (total > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return bad_value(text, "less than 292 years");
    }
  }
  constexpr std::uint64_t kMillisecond = 1'000'000;
  const std::uint64_t milliseconds = (total + kMillisecond - 1) / kMillisecond;
  return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

}  // namespace myrt::cli
