// Command lines for tests, written as in a shell.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cli/arguments.h"

namespace myrt::test {

// Keeps the words alive that a CommandLine points into.
struct ParsedWords {
  explicit ParsedWords(std::initializer_list<const char*> list)
      : words(list), line(cli::parse_command_line(words, "myrt")) {}
  std::vector<const char*> words;
  cli::CommandLine line;
};

}  // namespace myrt::test
