// The prose of the manual: what the options table is too terse to say.
#pragma once

#include <span>
#include <string_view>

namespace myrt::manual {

// Paragraphs are separated by empty lines. A word in backquotes is set in bold; a paragraph whose
// lines begin with four blanks is an example, set as it is.
struct CommandText {
  std::string_view name;
  std::string_view description;
  std::string_view exit_status;  // empty: 0, or 1 after an error
  std::string_view examples;
  std::string_view see_also;  // names of pages without "myrt-", separated by blanks
};
// One entry for every command of the options table.
std::span<const CommandText> command_texts();

// A section of myrt(1), myrt-errors(7) or myrt-conformance(7).
struct Section {
  std::string_view title;
  std::string_view text;
};
std::span<const Section> program_sections();
std::span<const Section> error_sections();
std::span<const Section> conformance_sections();

// A flag, or an option of the TOML, of containerd-shim-myrt-v2(8). Each that shim/ knows is there.
struct ShimWord {
  std::string_view name, value, text;
};
std::span<const ShimWord> shim_flags();
std::span<const ShimWord> shim_options();
// What stands before and after them.
std::span<const Section> shim_sections_before();
std::span<const Section> shim_sections_after();

}  // namespace myrt::manual
