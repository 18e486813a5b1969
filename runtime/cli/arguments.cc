#include "runtime/cli/arguments.h"

#include <fmt/format.h>

#include "runtime/cli/suggestion.h"
#include "runtime/cli/values.h"

namespace myrt::cli {
namespace {

using Show = UsageError::Show;

// One argument that starts with a dash, taken apart.
struct Token {
  std::string_view name;  // without dashes
  std::optional<std::string_view> value;
  bool single_dash = false;
};

bool is_option(std::string_view argument) { return argument.size() > 1 && argument[0] == '-'; }

Token split(std::string_view argument) {
  Token token;
  token.single_dash = argument[1] != '-';
  argument.remove_prefix(token.single_dash ? 1 : 2);
  const std::size_t equals = argument.find('=');
  token.name = argument.substr(0, equals);
  if (equals != std::string_view::npos) token.value = argument.substr(equals + 1);
  return token;
}

class Parser {
 public:
  Parser(std::span<const char* const> arguments, std::string_view program)
      : arguments_(arguments), program_(program) {}

  CommandLine parse() {
    parse_globals();
    return std::move(line_);
  }

 private:
  bool at_end() const { return next_ == arguments_.size(); }
  std::string_view take() { return arguments_[next_++]; }

  void fail(std::string message, Show show, int exit_status = 1) {
    line_.error = UsageError{std::move(message), show, exit_status};
  }

  // runc's words and its 3; crun ends with 1 (contract §2.1).
  void fail_unknown(std::string_view command) {
    fail(fmt::format("No help topic for '{}'{}", command, did_you_mean(closest_command(command))),
         Show::nothing, program_ == "crun" ? 1 : 3);
  }

  void parse_globals() {
    bool options_ended = false;
    while (!at_end()) {
      const std::string_view argument = take();
      if (!options_ended && argument == "--") {
        options_ended = true;
      } else if (!options_ended && is_option(argument)) {
        if (!parse_option(argument)) return;
      } else {
        break_at_command(argument);
        return;
      }
    }
    line_.request = line_.globals.on("version") ? Request::version : Request::global_help;
  }

  void break_at_command(std::string_view name) {
    if (line_.globals.on("help") || line_.globals.on("version")) {
      line_.request = line_.globals.on("help") ? Request::global_help : Request::version;
      return;
    }
    line_.command = find_command(name);
    if (line_.command == nullptr) {
      fail_unknown(name);
      return;
    }
    parse_arguments();
    if (line_.error) return;
    if (line_.options.on("help")) {
      line_.request = Request::command_help;
    } else if (line_.command->id == CommandId::help) {
      parse_help_topic();
    } else {
      check_arguments();
    }
  }

  void parse_arguments() {
    bool options_ended = false;
    while (!at_end()) {
      const std::string_view argument = take();
      if (!options_ended && argument == "--") {
        options_ended = true;
      } else if (!options_ended && is_option(argument)) {
        if (!parse_option(argument)) return;
      } else {
        line_.arguments.push_back(argument);
        if (line_.command->placement == Placement::before_arguments) {
          // What follows is another program's command line, `--` and all.
          while (!at_end()) line_.arguments.push_back(take());
        }
      }
    }
  }

  void parse_help_topic() {
    line_.request = Request::global_help;
    if (line_.arguments.empty()) return;
    const std::string_view topic = line_.arguments[0];
    line_.command = find_command(topic);
    line_.request = Request::command_help;
    if (line_.command == nullptr) {
      fail_unknown(topic);
    }
  }

  // Parses one option and, where it needs one, the value in the next argument. False after an
  // error.
  bool parse_option(std::string_view argument) {
    const Token token = split(argument);
    const OptionEntry* option = find(token);
    if (option == nullptr) {
      if (token.single_dash && !token.value && parse_cluster(token.name)) return true;
      fail(unknown_option(token.name), current_help());
      return false;
    }
    if (option->kind == OptionKind::flag) return add_flag(*option, token.value.value_or("true"));
    std::string_view value;
    if (token.value) {
      value = *token.value;
    } else if (!at_end()) {
      value = take();
    } else {
      // The words that podman and CRI-O look for when they probe an option (contract §0.15).
      fail(fmt::format("flag needs an argument: -{}", token.name), current_help());
      return false;
    }
    return add_value(*option, value);
  }

  const OptionEntry* find(const Token& token) const {
    // "--d" is not the short option d.
    if (!token.single_dash && token.name.size() == 1) return nullptr;
    const OptionEntry* option = find_option(current_options(), token.name);
    if (option != nullptr) return option;
    if (token.name == "help" || token.name == "h") return &help_option();
    return nullptr;
  }

  // -dt as -d -t. Only flags, and only when every letter is one: anything else is more likely a
  // misspelt long option.
  bool parse_cluster(std::string_view letters) {
    std::vector<const OptionEntry*> flags;
    for (std::size_t i = 0; i < letters.size(); ++i) {
      const OptionEntry* option = find_option(current_options(), letters.substr(i, 1));
      if (option == nullptr || option->kind != OptionKind::flag) return false;
      flags.push_back(option);
    }
    for (const OptionEntry* option : flags) current_values().add(*option, "true");
    return !flags.empty();
  }

  bool add_flag(const OptionEntry& option, std::string_view text) {
    const auto value = parse_boolean(text);
    if (!value) {
      fail(fmt::format("invalid value `{}` for --{}: expected true or false", text, option.name),
           current_help());
      return false;
    }
    current_values().add(option, *value ? "true" : "false");
    return true;
  }

  bool add_value(const OptionEntry& option, std::string_view value) {
    std::string_view expected;
    if (option.kind == OptionKind::integer && !parse_unsigned(value)) {
      expected = "an integer that is not negative";
    }
    if (option.kind == OptionKind::duration && !parse_duration(value).ok()) {
      expected = "a duration such as 5s, 100ms or 1m30s";
    }
    if (!expected.empty()) {
      fail(fmt::format("invalid value `{}` for --{}: expected {}", value, option.name, expected),
           current_help());
      return false;
    }
    current_values().add(option, value);
    return true;
  }

  std::string unknown_option(std::string_view name) const {
    const std::string text = fmt::format("flag provided but not defined: -{}", name);
    if (line_.command != nullptr && find_option(global_options(), name) != nullptr) {
      return fmt::format("{} (a global option: it goes before `{}`)", text, line_.command->name);
    }
    const std::string_view closest = closest_option(current_options(), name);
    return text + did_you_mean(closest.empty() ? std::string() : fmt::format("--{}", closest));
  }

  void check_arguments() {
    const CommandEntry& command = *line_.command;
    if (command.support == Support::refused) {
      fail(fmt::format("{} is not supported yet", command.name), Show::nothing);
      return;
    }
    for (const auto& given : line_.options.in_order()) {
      if (given.option->support == Support::refused) {
        fail(fmt::format("--{} is not supported yet", given.option->name), Show::nothing);
        return;
      }
    }
    check_argument_count(command);
  }

  // runc's words (contract §2.1).
  void check_argument_count(const CommandEntry& command) {
    const int count = static_cast<int>(line_.arguments.size());
    std::string_view rule;
    int number = command.min_arguments;
    if (command.min_arguments == command.max_arguments) {
      if (count != number) rule = "exactly";
    } else if (count < command.min_arguments) {
      rule = "a minimum of";
    } else if (command.max_arguments != kAnyNumber && count > command.max_arguments) {
      rule = "a maximum of";
      number = command.max_arguments;
    }
    if (rule.empty()) return;
    fail(fmt::format("{}: \"{}\" requires {} {} argument(s)", program_, command.name, rule, number),
         Show::command_help);
  }

  std::span<const OptionEntry> current_options() const {
    return line_.command == nullptr ? global_options() : line_.command->options;
  }
  OptionValues& current_values() {
    return line_.command == nullptr ? line_.globals : line_.options;
  }
  Show current_help() const {
    return line_.command == nullptr ? Show::global_help : Show::command_help;
  }

  std::span<const char* const> arguments_;
  std::string_view program_;
  std::size_t next_ = 0;
  CommandLine line_;
};

}  // namespace

const OptionValues::Given* OptionValues::last(std::string_view name) const {
  for (auto given = given_.rbegin(); given != given_.rend(); ++given) {
    if (given->option->name == name) return &*given;
  }
  return nullptr;
}

bool OptionValues::on(std::string_view name) const {
  const Given* given = last(name);
  return given != nullptr && given->value == "true";
}

std::string_view OptionValues::text(std::string_view name, std::string_view fallback) const {
  const Given* given = last(name);
  return given == nullptr ? fallback : given->value;
}

std::vector<std::string> OptionValues::list(std::string_view name) const {
  std::vector<std::string> values;
  for (const Given& given : given_) {
    if (given.option->name == name) values.emplace_back(given.value);
  }
  return values;
}

CommandLine parse_command_line(std::span<const char* const> arguments, std::string_view program) {
  return Parser(arguments, program).parse();
}

}  // namespace myrt::cli
