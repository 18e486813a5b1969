#include "runtime/init/index_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <climits>

namespace myrt::init {
namespace {

constexpr std::size_t kWordBits = sizeof(unsigned long) * CHAR_BIT;
constexpr unsigned kHighestIndex = 65535;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Result<unsigned> parse_index(std::string_view digits, std::string_view element) {
  unsigned index = 0;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, index);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == end && !digits.empty();
  if (!is_number || index > kHighestIndex) {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("`{}` is not an index or a range of them", element));
  }
  return index;
}

void set_range(IndexMask& mask, unsigned first, unsigned last) {
  mask.resize(std::max(mask.size(), last / kWordBits + 1));
  for (unsigned index = first; index <= last; ++index) {
    mask[index / kWordBits] |= 1UL << (index % kWordBits);
  }
}

}  // namespace

Result<IndexMask> parse_index_list(std::string_view text) {
  IndexMask mask;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view element = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (element.empty()) continue;

    const std::size_t dash = element.find('-');
    const unsigned first = TRY(parse_index(trimmed(element.substr(0, dash)), element));
    unsigned last = first;
    if (dash != std::string_view::npos) {
      last = TRY(parse_index(trimmed(element.substr(dash + 1)), element));
    }
    if (last < first) {
      return make_error(ErrorCode::invalid_argument,
                        fmt::format("the range `{}` ends before it begins", element));
    }
    set_range(mask, first, last);
  }
  return mask;
}

std::string to_string(const IndexMask& mask) {
  const std::size_t end = mask.size() * kWordBits;
  const auto has = [&](std::size_t index) {
    return index < end && (mask[index / kWordBits] >> (index % kWordBits) & 1U) != 0;
  };
  std::string text;
  for (std::size_t first = 0; first < end; ++first) {
    if (!has(first)) continue;
    std::size_t last = first;
    while (has(last + 1)) ++last;
    if (!text.empty()) text += ',';
    text += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
    first = last;
  }
  return text;
}

}  // namespace myrt::init
