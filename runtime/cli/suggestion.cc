#include "runtime/cli/suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace myrt::cli {
namespace {

// Beyond a third of the word, a suggestion is more puzzling than helpful.
std::size_t most_mistakes(std::string_view name) {
  return std::max<std::size_t>(1, name.size() / 3);
}

class Closest {
 public:
  explicit Closest(std::string_view name) : name_(name), distance_(most_mistakes(name) + 1) {}

  void consider(std::string_view candidate) {
    const std::size_t distance = edit_distance(name_, candidate);
    if (distance >= distance_) return;
    distance_ = distance;
    closest_ = candidate;
  }
  std::string_view closest() const { return closest_; }

 private:
  std::string_view name_;
  std::size_t distance_;
  std::string_view closest_;
};

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
  // Row i holds the distances of from[0, i) to every beginning of `to`.
  std::vector<std::vector<std::size_t>> rows(from.size() + 1,
                                             std::vector<std::size_t>(to.size() + 1));
  for (std::size_t i = 0; i <= from.size(); ++i) rows[i][0] = i;
  for (std::size_t j = 0; j <= to.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = rows[i - 1][j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[from.size()][to.size()];
}

std::string_view closest_command(std::string_view name) {
  Closest closest(name);
  for (const CommandEntry& command : commands()) closest.consider(command.name);
  return closest.closest();
}

std::string_view closest_option(std::span<const OptionEntry> options, std::string_view name) {
  Closest closest(name);
  for (const OptionEntry& option : options) closest.consider(option.name);
  return closest.closest();
}

std::string did_you_mean(std::string_view name) {
  return name.empty() ? std::string() : fmt::format(" (did you mean `{}`?)", name);
}

}  // namespace myrt::cli
