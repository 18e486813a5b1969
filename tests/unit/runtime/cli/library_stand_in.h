// A stand-in for libmyrt that records what it is asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/myrt.h"

namespace myrt::test {

// What the stand-in was last asked for, and what it is to answer.
struct Recorded {
  std::vector<std::string> calls;  // "kill web1 9 all"
  Context context;
  std::optional<Error> failure;
  int status = 0;
  std::vector<std::string> warnings;
};
extern Recorded recorded;

}  // namespace myrt::test
