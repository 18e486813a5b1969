// The kernel's lists of CPUs and memory nodes, "0-3,7" (cpuset(7)), as sets.
#pragma once

#include <charconv>
#include <set>
#include <string_view>

namespace myrt::inspection {

// What is no number is passed over: the caller has checked the syntax, or the kernel wrote it.
inline std::set<unsigned> number_list(std::string_view text) {
  constexpr unsigned kMost = 65536;
  std::set<unsigned> numbers;
  while (!text.empty()) {
    const std::string_view group = text.substr(0, text.find(','));
    text.remove_prefix(group.size() == text.size() ? text.size() : group.size() + 1);
    unsigned first = 0;
    const char* const end = group.data() + group.size();
    const auto parsed = std::from_chars(group.data(), end, first);
    if (parsed.ec != std::errc()) continue;
    unsigned last = first;
    if (parsed.ptr != end && *parsed.ptr == '-') std::from_chars(parsed.ptr + 1, end, last);
    for (unsigned number = first; number <= last && number < kMost; ++number) {
      numbers.insert(number);
    }
  }
  return numbers;
}

}  // namespace myrt::inspection
