// The commands and options of myrt as data: the one source for parsing, --help and documentation.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace myrt::cli {

// How often an option may count and what its value must look like. The parser checks it, so that a
// command only ever sees well-formed values.
enum class OptionKind : std::uint8_t {
  flag,      // --opt, --opt=true, --opt=false; the last one wins
  text,      // any value; the last one wins
  integer,   // a decimal integer that is not negative; the last one wins
  duration,  // as Go writes it: 5s, 100ms, 1h30m; the last one wins
  list,      // any value; every one counts
};

enum class Support : std::uint8_t {
  yes,
  no_effect,  // accepted because there is nothing that it could change here; its help says so
  refused,    // known, and an error by its name when given
};

struct OptionEntry {
  std::string_view name;  // without dashes
  char short_name;        // 0: none
  OptionKind kind;
  std::string_view value_name;  // for the help; empty for a flag
  std::string_view help;        // one line
  Support support = Support::yes;
};

enum class CommandId : std::uint8_t {
  create,
  start,
  run,
  state,
  kill,
  remove,
  exec,
  list,
  ps,
  pause,
  resume,
  update,
  spec,
  features,
  events,
  checkpoint,
  restore,
  mounts,
  validate,
  effective,
  metrics,
  doctor,
  gc,
  help,
};

// Where a command's options may stand.
enum class Placement : std::uint8_t {
  anywhere,
  before_arguments,  // from the first argument on, everything belongs to another program
};

inline constexpr int kAnyNumber = -1;

struct CommandEntry {
  CommandId id;
  std::string_view name;
  std::string_view summary;    // one line
  std::string_view arguments;  // for the usage line: "<container-id> [signal]"
  std::span<const OptionEntry> options;
  int min_arguments;
  int max_arguments;  // or kAnyNumber
  Placement placement = Placement::anywhere;
  Support support = Support::yes;
};

std::span<const CommandEntry> commands();
std::span<const OptionEntry> global_options();
// --help, which every command has beside its own options.
const OptionEntry& help_option();

// nullptr when there is none. `h` is `help`, as in runc.
const CommandEntry* find_command(std::string_view name);
// By long name, or by short name when `name` is one character. nullptr when there is none.
const OptionEntry* find_option(std::span<const OptionEntry> options, std::string_view name);

}  // namespace myrt::cli
