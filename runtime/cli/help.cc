#include "runtime/cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace myrt::cli {
namespace {

struct Line {
  std::string left;
  std::string_view right;
};

std::string two_columns(const std::vector<Line>& lines) {
  std::size_t width = 0;
  for (const Line& line : lines) width = std::max(width, line.left.size());
  std::string text;
  for (const Line& line : lines) {
    text += fmt::format("   {:<{}}  {}\n", line.left, width, line.right);
  }
  return text;
}

std::string describe(std::span<const OptionEntry> options) {
  std::vector<Line> lines;
  for (const OptionEntry& option : options) lines.push_back({option_syntax(option), option.help});
  if (find_option(options, help_option().name) == nullptr) {
    lines.push_back({option_syntax(help_option()), help_option().help});
  }
  return two_columns(lines);
}

}  // namespace

std::string option_syntax(const OptionEntry& option) {
  const std::string value =
      option.value_name.empty() ? std::string() : fmt::format(" {}", option.value_name);
  std::string text = fmt::format("--{}{}", option.name, value);
  if (option.short_name != 0) text += fmt::format(", -{}{}", option.short_name, value);
  return text;
}

std::string global_help(std::string_view program) {
  std::vector<Line> lines;
  for (const CommandEntry& command : commands()) {
    lines.push_back({std::string(command.name), command.summary});
  }
  return fmt::format(
      "NAME:\n   {0} - Open Container Initiative runtime\n\n"
      "USAGE:\n   {0} [global options] command [command options] [arguments...]\n\n"
      "COMMANDS:\n{1}\n"
      "GLOBAL OPTIONS:\n{2}",
      program, two_columns(lines), describe(global_options()));
}

std::string command_help(std::string_view program, const CommandEntry& command) {
  const std::string arguments =
      command.arguments.empty() ? std::string() : fmt::format(" {}", command.arguments);
  return fmt::format(
      "NAME:\n   {0} {1} - {2}\n\n"
      "USAGE:\n   {0} [global options] {1} [options]{3}\n\n"
      "OPTIONS:\n{4}",
      program, command.name, command.summary, arguments, describe(command.options));
}

}  // namespace myrt::cli
