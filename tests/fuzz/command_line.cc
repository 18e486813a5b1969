// A command line, one argument a line after the program's name, run with a stand-in for the
// library.
#include <fcntl.h>

#include <algorithm>
#include <array>

#include "runtime/cli/application.h"
#include "runtime/cli/suggestion.h"
#include "sys/files.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/runtime/cli/library_stand_in.h"

namespace {

using namespace myrt;

// What would touch this machine: files that are written (or read until they end), and another
// program. And regular expressions, which take the C library as long as their author wants.
constexpr std::array<std::string_view, 3> kWritingGlobals = {"log", "trace", "error-file"};
constexpr std::array<std::string_view, 4> kReadingOptions = {"process", "resources", "config",
                                                             "regex"};

bool is_harmless(const cli::CommandLine& line) {
  if (line.command == nullptr) return true;
  using cli::CommandId;
  for (const CommandId id : {CommandId::spec, CommandId::ps, CommandId::checkpoint,
                             CommandId::restore, CommandId::mounts}) {
    if (line.command->id == id) return false;
  }
  return std::none_of(kReadingOptions.begin(), kReadingOptions.end(),
                      [&](std::string_view name) { return line.options.has(name); });
}

void check_error(const cli::CommandLine& line) {
  HOLDS(!line.error->message.empty(), "no words");
  HOLDS(line.error->exit_status == 1 || line.error->exit_status == 3, line.error->message);
  const bool shows_command = line.error->show == cli::UsageError::Show::command_help;
  HOLDS(!shows_command || line.command != nullptr, line.error->message);
}

// The same words give the same line, and every value is one of them.
void check_values(const cli::CommandLine& line, const std::vector<std::string>& words) {
  for (const cli::OptionValues* values : {&line.globals, &line.options}) {
    for (const auto& given : values->in_order()) {
      if (given.option->kind == cli::OptionKind::flag) continue;
      const bool is_there = std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        return word.ends_with(given.value);
      });
      HOLDS(is_there, given.value);
    }
  }
}

void run(const cli::CommandLine& line, const cli::Personality& personality, int null) {
  test::recorded = {};
  if (line.globals.list("root").size() % 2 == 1) {
    test::recorded.failure = make_error(ErrorCode::not_found, "container does not exist");
  }
  const int status = cli::run_application(line, personality, {}, {null, null, null}, {});
  HOLDS(status >= 0 && status <= 255, std::to_string(status));
  HOLDS(!line.error || (test::recorded.calls.empty() && status != 0), "a wrong line was obeyed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const sys::UniqueFd kNull = std::move(sys::open("/dev/null", O_RDWR)).value();
  fuzz::Input input(data, size);
  const auto personality = cli::personality_of(input.line());
  std::vector<std::string> words = input.lines();
  std::vector<const char*> arguments;
  for (std::string& word : words) {
    word.resize(word.find('\0') == std::string::npos ? word.size() : word.find('\0'));
    arguments.push_back(word.c_str());
  }
  const cli::CommandLine line = cli::parse_command_line(arguments, personality.name);
  if (line.error) check_error(line);
  check_values(line, words);
  for (const std::string& word : words) {
    const std::string_view closest = cli::closest_command(word);
    HOLDS(closest.empty() || cli::edit_distance(word, closest) <= word.size() + closest.size(),
          word);
  }
  const bool writes = std::any_of(kWritingGlobals.begin(), kWritingGlobals.end(),
                                  [&](std::string_view name) { return line.globals.has(name); });
  if (!writes && is_harmless(line)) run(line, personality, kNull.get());
  return 0;
}
