// The few numbers that a monitoring system asks for every few seconds, read with as few syscalls as
// there are files. For everything that the kernel knows see cgroups/stats.h.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cgroups/cgroup.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::cgroups {

using Count = std::optional<std::uint64_t>;

// Time that some, and that all, of the tasks waited for a resource.
struct PressureTotal {
  Count some_us, full_us;
};

struct IoUsage {
  std::uint64_t major = 0, minor = 0;
  std::uint64_t read_bytes = 0, written_bytes = 0, reads = 0, writes = 0;
};

// Absent: this kernel, hierarchy or cgroup has no such number. A limit that is none is absent.
struct Usage {
  Count cpu_us, cpu_user_us, cpu_system_us;
  Count cpu_periods, cpu_throttled_periods, cpu_throttled_us;
  Count memory_bytes, memory_limit_bytes, memory_peak_bytes, memory_swap_bytes;
  // cgroup v1 has oom_kill, and max as the limit's fail counter.
  Count memory_low, memory_high, memory_max, memory_oom, memory_oom_kill, memory_oom_group_kill;
  Count pids, pids_limit;
  std::vector<IoUsage> io;
  PressureTotal cpu_pressure, memory_pressure, io_pressure;
};

// Reads one cgroup after the other. They are siblings as a rule: the directory above them stays
// open, and the kernel need not walk to it again for every file.
class UsageReader {
 public:
  // Errors: not_found when the cgroup is gone; system.
  Result<Usage> read(const Location& location);

 private:
  struct Parent {
    std::string path;
    sys::UniqueFd fd;
  };
  Result<int> parent_fd(const std::string& controllers, std::string_view path);

  std::map<std::string, Parent> parents_;  // by controllers: the latest of each hierarchy
  std::array<char, 16384> buffer_ = {};    // io.stat has a line for each device
};

}  // namespace myrt::cgroups
