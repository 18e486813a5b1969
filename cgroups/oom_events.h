// OOM kills in a container's cgroup, as something to poll(2).
#pragma once

#include <cstdint>
#include <string>

#include "cgroups/cgroup.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::cgroups {

struct OomCounters {
  std::uint64_t oom = 0;       // times the limit was hit with no way out
  std::uint64_t oom_kill = 0;  // processes killed
  bool operator==(const OomCounters&) const = default;
};

// What an OOM killer's victim ran into: ": limit 524288, peak 528384" in bytes, as far as the
// kernel knows (memory.peak is of 5.19); empty without a memory controller.
std::string limit_and_peak(const Location& location);

// v2: memory.events; v1: an eventfd registered for memory.oom_control.
class OomEvents {
 public:
  // Errors: system; unsupported when the container has no memory controller.
  static Result<OomEvents> open(const Location& location);

  int fd() const { return poll_fd_.get(); }
  // What to give poll(2): POLLPRI on v2, POLLIN on v1.
  short poll_events() const;

  enum class Change : std::uint8_t { none, oom, cgroup_gone };
  // After poll says ready: takes the event and says what it was. On v1 the kernel signals the
  // eventfd also when the cgroup is removed. Never blocks.
  Result<Change> take();
  // The counters as last read. v1 has oom_kill only (4.13).
  OomCounters counters() const { return counters_; }

 private:
  OomEvents() = default;
  Result<OomCounters> read_counters() const;

  Mode mode_ = Mode::v2;
  sys::UniqueFd poll_fd_;     // memory.events, or the eventfd
  sys::UniqueFd control_fd_;  // v1: memory.oom_control
  OomCounters counters_;
};

}  // namespace myrt::cgroups
