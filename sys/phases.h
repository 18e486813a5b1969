// Phases: how long each part of an operation took, for whoever keeps it, and for the trace where
// one is on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sys/trace.h"

namespace myrt::sys {

struct PhaseTime {
  std::string name;
  std::uint64_t us = 0;
  bool operator==(const PhaseTime&) const = default;
};

// A stop-watch: to enter a phase ends the one before. It costs a clock_gettime(2), which the vDSO
// answers, for each phase.
class Phases {
 public:
  explicit Phases(Trace trace) : trace_(std::move(trace)) {}

  // `phase` is a literal.
  void enter(std::string_view phase);

  // Those that have ended, in their order. To end the last one, enter another.
  std::vector<PhaseTime> ended() const;

 private:
  struct Begin {
    std::string_view phase;
    std::int64_t at_ns;
  };

  Trace trace_;
  std::vector<Begin> begins_;
};

}  // namespace myrt::sys
