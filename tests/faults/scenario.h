// The commands under test: what comes before each, and what has to hold after it.
#pragma once

#include <string>
#include <vector>

namespace faults {

using Words = std::vector<std::string>;  // a command line of the runtime, without global options

struct Check {
  Words command;
  std::string expected;   // has to be in the output; empty: anything
  bool may_fail = false;  // only to bring the container into some state
  bool has_to_fail = false;
};

struct Scenario {
  std::string name;
  std::vector<Check> before;
  Words command;
  std::vector<Check> after_success;
  std::vector<Check> after_failure;
  bool init_waits = false;  // for `start`, when the command has ended well
};

// `bundle` runs a program that sleeps, `short_bundle` one that ends; `directory` is for pid files.
std::vector<Scenario> scenarios(const std::string& bundle, const std::string& short_bundle,
                                const std::string& directory);
inline constexpr const char* kId = "faulty";

}  // namespace faults
