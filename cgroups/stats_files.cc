#include "cgroups/stats_files.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "cgroups/tree.h"
#include "sys/files.h"

namespace myrt::cgroups {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    if (end != 0) parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

// avg10=0.00 avg60=1.50 avg300=0.00 total=12
std::optional<PressureLine> pressure_line(const std::vector<std::string_view>& words) {
  PressureLine line;
  for (const std::string_view word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = word.substr(0, equals);
    const std::string_view value = word.substr(equals + 1);
    if (key == "total") {
      const std::optional<std::uint64_t> total = number(value);
      if (!total) return std::nullopt;
      line.total_us = *total;
      continue;
    }
    double average = 0;
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), average);
    // They go into JSON and metrics, which have neither infinity nor NaN.
    if (parsed.ec != std::errc() || !std::isfinite(average)) return std::nullopt;
    if (key == "avg10") line.avg10 = average;
    if (key == "avg60") line.avg60 = average;
    if (key == "avg300") line.avg300 = average;
  }
  return line;
}

Error not_understood(std::string_view file, std::string_view text) {
  return make_error(ErrorCode::invalid_argument,
                    fmt::format("read `{}`: unexpected text `{}`", file, text.substr(0, 80)));
}

}  // namespace

Result<std::uint64_t> parse_number(std::string_view text, std::string_view file) {
  const std::string_view word = trimmed(text);
  if (word == "max" || word == "-1") return kUnlimited;
  const std::optional<std::uint64_t> value = number(word);
  if (!value) return not_understood(file, word);
  return *value;
}

std::map<std::string, std::uint64_t> parse_flat_keyed(std::string_view text) {
  std::map<std::string, std::uint64_t> values;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t space = line.find(' ');
    if (space == 0 || space == std::string_view::npos) continue;
    if (const auto value = number(line.substr(space + 1))) {
      values.emplace(line.substr(0, space), *value);
    }
  }
  return values;
}

Result<Pressure> parse_pressure(std::string_view text) {
  Pressure pressure;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> words = split(line, ' ');
    if (words.empty()) continue;
    const std::optional<PressureLine> parsed = pressure_line(words);
    if (!parsed) return not_understood("pressure", line);
    if (words.front() == "some") pressure.some = *parsed;
    if (words.front() == "full") pressure.full = *parsed;
  }
  return pressure;
}

Result<std::vector<std::uint16_t>> parse_list(std::string_view text) {
  std::vector<std::uint16_t> values;
  for (const std::string_view range : split(trimmed(text), ',')) {
    const std::size_t dash = range.find('-');
    const auto first = number(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(range.substr(dash + 1));
    if (!first || !last || *last > std::numeric_limits<std::uint16_t>::max() || *first > *last) {
      return not_understood("list", text);
    }
    for (std::uint64_t i = *first; i <= *last; ++i) values.push_back(static_cast<std::uint16_t>(i));
  }
  return values;
}

std::vector<BlkioEntry> parse_blkio(std::string_view text) {
  std::vector<BlkioEntry> entries;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> words = split(line, ' ');
    if (words.size() < 2 || words.size() > 3) continue;
    const std::size_t colon = words[0].find(':');
    if (colon == std::string_view::npos) continue;
    const auto major = number(words[0].substr(0, colon));
    const auto minor = number(words[0].substr(colon + 1));
    const auto value = number(words.back());
    if (!major || !minor || !value) continue;
    entries.push_back({.major = *major,
                       .minor = *minor,
                       .op = words.size() == 3 ? std::string(words[1]) : std::string(),
                       .value = *value});
  }
  return entries;
}

std::vector<RdmaEntry> parse_rdma(std::string_view text) {
  std::vector<RdmaEntry> entries;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> words = split(line, ' ');
    if (words.empty()) continue;
    RdmaEntry entry{.device = std::string(words[0]), .hca_handles = {}, .hca_objects = {}};
    for (const std::string_view word : words) {
      if (word.starts_with("hca_handle=")) entry.hca_handles = number(word.substr(11));
      if (word.starts_with("hca_object=")) entry.hca_objects = number(word.substr(11));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::optional<std::uint64_t>> read_number(const std::string& directory,
                                                 const std::string& file) {
  const std::optional<std::string> text = TRY(read_if_present(directory + "/" + file));
  if (!text) return std::optional<std::uint64_t>();
  return std::optional(TRY(parse_number(*text, file)));
}

Result<std::map<std::string, std::uint64_t>> read_flat_keyed(const std::string& directory,
                                                             const std::string& file) {
  const std::optional<std::string> text = TRY(read_if_present(directory + "/" + file));
  return text ? parse_flat_keyed(*text) : std::map<std::string, std::uint64_t>();
}

Result<std::optional<Pressure>> read_pressure(const std::string& directory,
                                              const std::string& file) {
  Result<std::optional<std::string>> text = read_if_present(directory + "/" + file);
  if (!text.ok() && text.error().errno_value == EOPNOTSUPP) return std::optional<Pressure>();
  if (!text.ok()) return std::move(text).error();
  if (!text->has_value()) return std::optional<Pressure>();
  return std::optional(TRY(parse_pressure(**text)));
}

Result<RdmaStats> read_rdma(const std::string& directory) {
  RdmaStats stats;
  if (const auto text = TRY(read_if_present(directory + "/rdma.current"))) {
    stats.current = parse_rdma(*text);
  }
  if (const auto text = TRY(read_if_present(directory + "/rdma.max"))) {
    stats.limit = parse_rdma(*text);
  }
  return stats;
}

Result<std::vector<std::string>> huge_page_sizes(const std::string& directory,
                                                 std::string_view suffix) {
  constexpr std::string_view kPrefix = "hugetlb.";
  const sys::UniqueFd fd = TRY(sys::open(directory, O_RDONLY | O_DIRECTORY));
  std::vector<std::string> sizes;
  for (const std::string& name : TRY(sys::list_directory(fd.get()))) {
    if (!name.starts_with(kPrefix) || !name.ends_with(suffix)) continue;
    const std::string size =
        name.substr(kPrefix.size(), name.size() - kPrefix.size() - suffix.size());
    if (size.find('.') == std::string::npos) sizes.push_back(size);
  }
  std::sort(sizes.begin(), sizes.end());
  return sizes;
}

}  // namespace myrt::cgroups
