// The shim's command line, which containerd writes in the manner of Go's flag package. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sys/result.h"

namespace myrt::shim {

enum class Action : std::uint8_t { start, remove, version, info };

struct Arguments {
  Action action = Action::start;
  std::string name_space, id, address, publish_binary, bundle, socket;
  bool debug = false;
};

// `-name value`, `-name=value` and the same with two dashes; the action last, as a word. Errors:
// invalid_argument.
Result<Arguments> parse_arguments(std::span<const char* const> arguments);
// Every flag that it knows, without dashes.
std::vector<std::string_view> flag_names();

}  // namespace myrt::shim
