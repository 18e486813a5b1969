#include "manual/completions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "runtime/cli/options_table.h"

namespace myrt::manual {
namespace {

using cli::CommandEntry;
using cli::OptionEntry;

// What an argument or the value of an option may be.
enum class Value { other, container, file, directory, command };

Value value_of(const OptionEntry& option) {
  if (option.value_name == "DIR") return Value::directory;
  if (option.value_name == "FILE" || option.value_name == "SOCKET") return Value::file;
  return Value::other;
}

Value argument_of(const CommandEntry& command) {
  if (command.arguments.find("container-id") != std::string_view::npos) return Value::container;
  if (command.arguments.find("bundle") != std::string_view::npos) return Value::file;
  if (command.id == cli::CommandId::help) return Value::command;
  return Value::other;
}

std::vector<OptionEntry> with_help(std::span<const OptionEntry> options) {
  std::vector<OptionEntry> all(options.begin(), options.end());
  if (cli::find_option(options, cli::help_option().name) == nullptr) {
    all.push_back(cli::help_option());
  }
  return all;
}

bool takes_value(const OptionEntry& option) { return option.kind != cli::OptionKind::flag; }

// "--bundle -b"
std::string spellings(const OptionEntry& option) {
  std::string text = fmt::format("--{}", option.name);
  if (option.short_name != 0) text += fmt::format(" -{}", option.short_name);
  return text;
}

std::string command_names() {
  std::vector<std::string_view> names;
  for (const CommandEntry& command : cli::commands()) names.push_back(command.name);
  return fmt::format("{}", fmt::join(names, " "));
}

// --- bash

std::string bash_words(std::span<const OptionEntry> options) {
  std::vector<std::string> words;
  for (const OptionEntry& option : with_help(options)) words.push_back(spellings(option));
  return fmt::format("{}", fmt::join(words, " "));
}

// "--bundle|-b|--pid-file" of all options whose value is of this kind; all that take one for
// nullptr.
std::string bash_pattern(const Value* wanted) {
  std::vector<std::string> patterns;
  const auto add = [&](const OptionEntry& option) {
    if (!takes_value(option) || (wanted != nullptr && value_of(option) != *wanted)) return;
    std::string pattern = fmt::format("--{}", option.name);
    if (std::find(patterns.begin(), patterns.end(), pattern) == patterns.end()) {
      patterns.push_back(std::move(pattern));
    }
  };
  for (const OptionEntry& option : cli::global_options()) add(option);
  for (const CommandEntry& command : cli::commands()) {
    for (const OptionEntry& option : command.options) add(option);
  }
  return fmt::format("{}", fmt::join(patterns, "|"));
}

// Short options mean different things to different commands.
std::string bash_short_values(const CommandEntry& command) {
  std::string letters;
  for (const OptionEntry& option : command.options) {
    if (takes_value(option) && option.short_name != 0) letters += option.short_name;
  }
  return letters;
}

std::string bash_command_cases() {
  std::string text;
  for (const CommandEntry& command : cli::commands()) {
    std::string arguments = ":";
    switch (argument_of(command)) {
      case Value::container:
        arguments = "_myrt_ids";
        break;
      case Value::file:
        arguments = "_myrt_files";
        break;
      case Value::command:
        arguments = "_myrt_words \"$commands\"";
        break;
      case Value::directory:
      case Value::other:
        break;
    }
    text += fmt::format("    {}) options='{}'; short='{}'; arguments='{}' ;;\n", command.name,
                        bash_words(command.options), bash_short_values(command), arguments);
  }
  return text;
}

constexpr std::string_view kBash =
    R"SH(# bash completion for myrt(1). Generated from the options table.
_myrt_words() { COMPREPLY=($(compgen -W "$1" -- "$current")); }
_myrt_files() { compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); }
_myrt_directories() { compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")); }
_myrt_ids() { _myrt_words "$("${COMP_WORDS[0]}" "${root[@]}" list --quiet 2>/dev/null)"; }
_myrt() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local commands='@COMMANDS@' command='' options='@GLOBAL@' short='' arguments='_myrt_words "$commands"'
  local -a root=()
  local i=1 word
  COMPREPLY=()
  while ((i < COMP_CWORD)); do
    word=${COMP_WORDS[i]}
    case $word in
      --root) root=(--root "${COMP_WORDS[i + 1]}"); ((i++)) ;;
      @VALUES@) ((i++)) ;;
      -*) ;;
      *)
        command=$word
        break
        ;;
    esac
    ((i++))
  done
  case $command in
@CASES@  esac
  case $previous in
    @FILES@)
      _myrt_files
      return
      ;;
    @DIRECTORIES@)
      _myrt_directories
      return
      ;;
    @VALUES@) return ;;
    -?) if [[ -n $short && ${previous#-} == ["$short"] ]]; then _myrt_files; return; fi ;;
  esac
  if [[ $current == -* ]]; then
    _myrt_words "$options"
  else
    eval "$arguments"
  fi
}
complete -F _myrt myrt
)SH";

// --- zsh and fish

std::string in_single_quotes(std::string_view text, std::string_view quote) {
  std::string result;
  for (const char c : text) result += c == '\'' ? std::string(quote) : std::string(1, c);
  return result;
}

// In the specs of _arguments a colon and brackets separate.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : in_single_quotes(text, "'\\''")) {
    if (c == ':' || c == '[' || c == ']') result += '\\';
    result += c;
  }
  return result;
}

std::string_view zsh_action(Value value) {
  switch (value) {
    case Value::container:
      return "_myrt_ids";
    case Value::file:
      return "_files";
    case Value::directory:
      return "_files -/";
    case Value::command:
      return "_myrt_commands";
    case Value::other:
      break;
  }
  return " ";
}

std::string zsh_option(const OptionEntry& option) {
  const std::string value = takes_value(option) ? fmt::format(":{}:{}", zsh_text(option.value_name),
                                                              zsh_action(value_of(option)))
                                                : std::string();
  const std::string repeated = option.kind == cli::OptionKind::list ? "*" : "";
  std::string text = fmt::format(" \\\n        '{}--{}{}[{}]{}'", repeated, option.name,
                                 takes_value(option) ? "=" : "", zsh_text(option.help), value);
  if (option.short_name != 0) {
    text += fmt::format(" \\\n        '{}-{}[{}]{}'", repeated, option.short_name,
                        zsh_text(option.help), value);
  }
  return text;
}

}  // namespace

std::string bash_completion() {
  constexpr Value kFile = Value::file;
  constexpr Value kDirectory = Value::directory;
  struct Substitution {
    std::string_view mark;
    std::string text;
  };
  const std::array<Substitution, 6> substitutions = {
      {{"@COMMANDS@", command_names()},
       {"@GLOBAL@", bash_words(cli::global_options())},
       {"@VALUES@", bash_pattern(nullptr)},
       {"@CASES@", bash_command_cases()},
       {"@FILES@", bash_pattern(&kFile)},
       {"@DIRECTORIES@", bash_pattern(&kDirectory)}}};
  std::string script(kBash);
  for (const Substitution& substitution : substitutions) {
    std::size_t at = 0;
    while ((at = script.find(substitution.mark, at)) != std::string::npos) {
      script.replace(at, substitution.mark.size(), substitution.text);
      at += substitution.text.size();
    }
  }
  return script;
}

std::string zsh_completion() {
  std::string script =
      "#compdef myrt\n# zsh completion for myrt(1). Generated from the options table.\n"
      "_myrt_ids() {\n  local -a ids\n"
      "  ids=(${(f)\"$(_call_program ids ${words_before[1]:-myrt} "
      "${root:+--root ${(q)root}} list --quiet 2>/dev/null)\"})\n"
      "  compadd -a ids\n}\n_myrt_commands() {\n  local -a commands=(\n";
  for (const CommandEntry& command : cli::commands()) {
    script += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.summary));
  }
  script +=
      "  )\n  _describe -t commands command commands\n}\n_myrt() {\n"
      "  local context state line\n  typeset -A opt_args\n  local -a words_before=($words)\n"
      "  _arguments -C";
  for (const OptionEntry& option : with_help(cli::global_options())) script += zsh_option(option);
  // The _arguments of the command has an opt_args of its own.
  script +=
      " \\\n        '1:command:_myrt_commands' \\\n        '*::argument:->command'\n"
      "  [[ $state == command ]] || return\n  local root=${(Q)opt_args[--root]}\n"
      "  case $words[1] in\n";
  for (const CommandEntry& command : cli::commands()) {
    script += fmt::format("    {})\n      _arguments", command.name);
    for (const OptionEntry& option : with_help(command.options)) script += zsh_option(option);
    const Value argument = argument_of(command);
    const bool many =
        command.max_arguments == cli::kAnyNumber && command.placement == cli::Placement::anywhere;
    if (argument != Value::other) {
      script +=
          fmt::format(" \\\n        '{}:argument:{}'", many ? "*" : "1", zsh_action(argument));
    }
    script += "\n      ;;\n";
  }
  return script + "  esac\n}\n_myrt \"$@\"\n";
}

std::string fish_completion() {
  std::string script =
      "# fish completion for myrt(1). Generated from the options table.\n"
      "function __myrt_ids\n"
      "    set -l words (commandline -opc)\n"
      "    set -l root\n"
      "    set -l at (contains -i -- --root $words)\n"
      "    and set root --root $words[(math $at + 1)]\n"
      "    $words[1] $root list --quiet 2>/dev/null\n"
      "end\ncomplete -c myrt -f\n";
  const std::string names = command_names();
  const std::string none = fmt::format("not __fish_seen_subcommand_from {}", names);
  const auto add_option = [&](const std::string& condition, const OptionEntry& option) {
    script += fmt::format("complete -c myrt -n '{}' -l {}", condition, option.name);
    if (option.short_name != 0) script += fmt::format(" -s {}", option.short_name);
    if (takes_value(option)) {
      script += value_of(option) == Value::other ? " -x" : " -r -F";
    }
    script += fmt::format(" -d '{}'\n", in_single_quotes(option.help, "\\'"));
  };
  for (const OptionEntry& option : with_help(cli::global_options())) add_option(none, option);
  for (const CommandEntry& command : cli::commands()) {
    script += fmt::format("complete -c myrt -n '{}' -a {} -d '{}'\n", none, command.name,
                          in_single_quotes(command.summary, "\\'"));
    const std::string condition = fmt::format("__fish_seen_subcommand_from {}", command.name);
    for (const OptionEntry& option : with_help(command.options)) add_option(condition, option);
    switch (argument_of(command)) {
      case Value::container:
        script += fmt::format("complete -c myrt -n '{}' -a '(__myrt_ids)'\n", condition);
        break;
      case Value::file:
        script += fmt::format("complete -c myrt -n '{}' -F\n", condition);
        break;
      case Value::command:
        script += fmt::format("complete -c myrt -n '{}' -a '{}'\n", condition, names);
        break;
      case Value::directory:
      case Value::other:
        break;
    }
  }
  return script;
}

}  // namespace myrt::manual
