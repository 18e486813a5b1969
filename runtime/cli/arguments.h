// argv -> CommandLine: a parser driven by the options table. Pure.
//
// Accepted: --opt VALUE, --opt=VALUE, -opt VALUE and -opt=VALUE (Go's flag syntax, which go-runc
// uses), -o VALUE, -o=VALUE, and clusters of flags such as -dt. `--` ends the options.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cli/options_table.h"

namespace myrt::cli {

// The options that were given, in order. Values point into argv.
class OptionValues {
 public:
  struct Given {
    const OptionEntry* option;
    std::string_view value;  // "true" or "false" for a flag
  };

  void add(const OptionEntry& option, std::string_view value) {
    given_.push_back({&option, value});
  }

  bool has(std::string_view name) const { return last(name) != nullptr; }
  // Whether a flag was given and not switched off by its last occurrence.
  bool on(std::string_view name) const;
  // The last value, or `fallback`.
  std::string_view text(std::string_view name, std::string_view fallback = {}) const;
  std::vector<std::string> list(std::string_view name) const;
  const std::vector<Given>& in_order() const { return given_; }

 private:
  const Given* last(std::string_view name) const;

  std::vector<Given> given_;
};

enum class Request : std::uint8_t { run, global_help, command_help, version };

// What is wrong with a command line, and what to print beside it.
struct UsageError {
  enum class Show : std::uint8_t { nothing, global_help, command_help };
  std::string message;
  Show show = Show::command_help;
  int exit_status = 1;
};

// Not a Result, since the reader of an error needs the other half too: --log and --log-format say
// where the error of a wrong command line goes.
struct CommandLine {
  OptionValues globals;
  const CommandEntry* command = nullptr;  // set when request is run or command_help
  OptionValues options;
  std::vector<std::string_view> arguments;  // those of the command, its name left out
  Request request = Request::run;
  std::optional<UsageError> error;
};

// `arguments` is argv without argv[0], and must outlive the result. `program` is the name that
// messages use.
CommandLine parse_command_line(std::span<const char* const> arguments, std::string_view program);

}  // namespace myrt::cli
