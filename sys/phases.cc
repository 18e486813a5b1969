#include "sys/phases.h"

#include <ctime>

namespace myrt::sys {

void Phases::enter(std::string_view phase) {
  constexpr std::size_t kUsual = 16;
  if (begins_.empty()) begins_.reserve(kUsual);
  trace_.enter(phase);
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  begins_.push_back({phase, std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec});
}

std::vector<PhaseTime> Phases::ended() const {
  std::vector<PhaseTime> times;
  times.reserve(begins_.size());
  for (std::size_t i = 0; i + 1 < begins_.size(); ++i) {
    const std::int64_t ns = begins_[i + 1].at_ns - begins_[i].at_ns;
    times.push_back({std::string(begins_[i].phase), static_cast<std::uint64_t>(ns) / 1000});
  }
  return times;
}

}  // namespace myrt::sys
