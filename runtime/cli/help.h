// The texts of --help, made from the options table. Pure.
#pragma once

#include <string>
#include <string_view>

#include "runtime/cli/options_table.h"

namespace myrt::cli {

// The layout is runc's: NAME, USAGE, COMMANDS or OPTIONS; its own test suite reads the first lines.
std::string global_help(std::string_view program);
std::string command_help(std::string_view program, const CommandEntry& command);

// "--bundle DIR, -b DIR"
std::string option_syntax(const OptionEntry& option);

}  // namespace myrt::cli
