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
  std::vector<Check> once = {};  // before the first point; what they make stays for all
  std::vector<Check> before;
  Words command;
  std::vector<Check> after_success;
  std::vector<Check> after_failure;
  // Instead of after_failure, where the container has ended: its images are whole then.
  std::vector<Check> after_end = {};
  bool init_waits = false;  // for `start`, when the command has ended well
};

// What the commands work on.
struct Places {
  std::string bundle;         // runs a program that sleeps
  std::string short_bundle;   // one that ends
  std::string looped_bundle;  // one that can be restored: a sleep of busybox ends when it is
  std::string directory;      // for pid files
  std::string images;         // a caller's directory for checkpoints: what lies in it may stay
};
std::vector<Scenario> scenarios(const Places& places);
inline constexpr const char* kId = "faulty";

}  // namespace faults
