// Completion scripts for bash, zsh and fish, from the options table. Pure.
#pragma once

#include <string>

namespace myrt::manual {

// Each completes commands, options, files and the ids of containers (asked of `myrt list`).
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace myrt::manual
