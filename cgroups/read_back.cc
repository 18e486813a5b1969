#include "cgroups/read_back.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cgroups/stats_files.h"
#include "cgroups/tree.h"

namespace myrt::cgroups {
namespace {

using Words = std::vector<std::string>;

// What both versions have for "no limit" is larger than this.
constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 62U;

std::optional<std::uint64_t> suffix_factor(std::string_view suffix) {
  if (suffix.empty()) return 1;
  constexpr std::string_view kLetters = "kmgt";
  const char letter = static_cast<char>(suffix.front() | 0x20);
  const std::size_t power = kLetters.find(letter);
  if (suffix.size() != 1 || power == std::string_view::npos) return std::nullopt;
  return std::uint64_t{1} << (10U * (power + 1));
}

// A number as memparse() of the kernel takes it; -1 and max are as large as can be.
std::optional<std::uint64_t> number_of(std::string_view word) {
  if (word == "max" || word == "-1") return kUnlimited;
  std::uint64_t value = 0;
  const char* const end = word.data() + word.size();
  const auto parsed = std::from_chars(word.data(), end, value);
  if (parsed.ec != std::errc()) return std::nullopt;
  const auto factor = suffix_factor({parsed.ptr, static_cast<std::size_t>(end - parsed.ptr)});
  if (!factor) return std::nullopt;
  return std::min(value * *factor, kUnlimited);
}

// The unit in which the kernel keeps what this file limits.
std::uint64_t unit_of(std::string_view file) {
  if (file.starts_with("memory.") && file != "memory.swappiness") {
    return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  if (!file.starts_with("hugetlb.")) return 1;
  file.remove_prefix(std::string_view("hugetlb.").size());
  const std::string_view size = file.substr(0, file.find('B'));  // "2M" of "2MB.max"
  return std::max<std::uint64_t>(1, number_of(size).value_or(1));
}

bool same_number(std::string_view file, std::uint64_t asked, std::uint64_t shown) {
  if (asked == shown) return true;
  if (file == "cpu.shares") {
    constexpr std::uint64_t kMin = 2;
    constexpr std::uint64_t kMax = 262144;
    return std::clamp(asked, kMin, kMax) == shown;
  }
  const std::uint64_t unit = unit_of(file);
  return asked / unit == shown / unit;
}

bool same_word(std::string_view file, std::string_view asked, std::string_view shown) {
  if (asked == shown) return true;
  const auto a = number_of(asked);
  const auto b = number_of(shown);
  return a && b && same_number(file, *a, *b);
}

bool same_list(std::string_view asked, std::string_view text) {
  std::string compact;  // blanks around the numbers are allowed
  for (const char c : asked) {
    if (c != ' ' && c != '\n') compact += c;
  }
  const auto a = parse_list(compact);
  const auto b = parse_list(text.substr(0, text.find('\n')));
  return a.ok() && b.ok() && std::set(a->begin(), a->end()) == std::set(b->begin(), b->end());
}

std::vector<Words> lines_of(std::string_view text) {
  std::vector<Words> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (Words words = split_words(line); !words.empty()) lines.push_back(std::move(words));
  }
  return lines;
}

bool begins_with(std::string_view file, const Words& shown, const Words& asked) {
  if (asked.size() > shown.size()) return false;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!same_word(file, asked[i], shown[i])) return false;
  }
  return true;
}

// "8:0 rbps=1000" in "8:0 rbps=1000 wbps=max riops=max wiops=max".
bool has_keyed(const Words& shown, const Words& asked) {
  return shown.front() == asked.front() &&
         std::all_of(asked.begin() + 1, asked.end(), [&](const std::string& word) {
           return std::find(shown.begin() + 1, shown.end(), word) != shown.end();
         });
}

// A limit of none of a device has no line.
bool asks_for_nothing(const Words& asked) {
  return asked.size() > 1 && std::all_of(asked.begin() + 1, asked.end(), [](std::string_view word) {
           return word == "0" || word == "max" || word.ends_with("=max");
         });
}

}  // namespace

bool shows_value(std::string_view file, std::string_view asked, std::string_view text) {
  if (file.ends_with(".cpus") || file.ends_with(".mems")) return same_list(asked, text);
  const Words words = split_words(asked);
  const auto lines = lines_of(text);
  if (words.empty()) return lines.empty();
  if (file == "memory.oom_control") {
    return flat_keyed_value(text, "oom_kill_disable") == number_of(words.front());
  }
  for (const Words& line : lines) {
    if (begins_with(file, line, words) || has_keyed(line, words)) return true;
    // A weight for all devices reads as "default 100".
    if (line.front() == "default" &&
        begins_with(file, Words(line.begin() + 1, line.end()), words)) {
      return true;
    }
  }
  return asks_for_nothing(words);
}

}  // namespace myrt::cgroups
