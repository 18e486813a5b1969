// "Did you mean": the known name that is closest to a misspelt one. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "runtime/cli/options_table.h"

namespace myrt::cli {

// How many insertions, deletions, replacements and swaps of neighbours lie between two words.
std::size_t edit_distance(std::string_view from, std::string_view to);

// The closest command or option name, or empty when none is close enough to be meant.
std::string_view closest_command(std::string_view name);
std::string_view closest_option(std::span<const OptionEntry> options, std::string_view name);

// " (did you mean `NAME`?)", or nothing for an empty name.
std::string did_you_mean(std::string_view name);

}  // namespace myrt::cli
