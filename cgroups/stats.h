// What a container uses: the numbers of `events --stats` (contract §3), read from cgroup v1 or v2.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cgroups/cgroup.h"
#include "sys/result.h"

namespace myrt::cgroups {

// Pressure stall information: shares of time in percent over 10, 60 and 300 s, total in us.
struct PressureLine {
  double avg10 = 0, avg60 = 0, avg300 = 0;
  std::uint64_t total_us = 0;
  bool operator==(const PressureLine&) const = default;
};
struct Pressure {
  PressureLine some, full;
  bool operator==(const Pressure&) const = default;
};

struct CpuStats {
  std::optional<std::uint64_t> total_ns, kernel_ns, user_ns;
  std::vector<std::uint64_t> percpu_ns, percpu_kernel_ns, percpu_user_ns;  // v1
  std::optional<std::uint64_t> periods, throttled_periods, throttled_time_ns;
  std::optional<Pressure> psi;
  bool operator==(const CpuStats&) const = default;
};

struct CpusetStats {
  std::vector<std::uint16_t> cpus, mems;
  std::optional<std::uint64_t> cpu_exclusive, mem_hardwall, mem_exclusive, memory_migrate,
      memory_spread_page, memory_spread_slab, memory_pressure, sched_load_balance;  // v1
  std::optional<std::int64_t> sched_relax_domain_level;                             // v1
  bool operator==(const CpusetStats&) const = default;
};

// Bytes, except failcnt. A limit of "max" is UINT64_MAX.
struct MemoryEntry {
  std::optional<std::uint64_t> limit, usage, max, failcnt;
  bool operator==(const MemoryEntry&) const = default;
};
struct MemoryStats {
  std::optional<std::uint64_t> cache;
  std::optional<MemoryEntry> usage, swap, kernel, kernel_tcp;
  std::map<std::string, std::uint64_t> raw;  // memory.stat
  std::map<std::string, std::uint64_t>
      events;  // v2 memory.events: oom, oom_kill, oom_group_kill...
  std::optional<Pressure> psi;
  bool operator==(const MemoryStats&) const = default;
};

struct PidsStats {
  std::optional<std::uint64_t> current;
  std::optional<std::uint64_t> limit;  // 0: no limit, as runc prints it
  bool operator==(const PidsStats&) const = default;
};

struct BlkioEntry {
  std::uint64_t major = 0, minor = 0;
  std::string op;  // "Read", "Write", "Sync", ...; empty where the file has none
  std::uint64_t value = 0;
  bool operator==(const BlkioEntry&) const = default;
};
struct BlkioStats {
  std::vector<BlkioEntry> service_bytes, serviced, queued, service_time, wait_time, merged, time,
      sectors;  // the names of the document add "io" and "Recursive"
  std::optional<Pressure> psi;
  bool operator==(const BlkioStats&) const = default;
};

struct HugetlbEntry {
  std::optional<std::uint64_t> usage, max, failcnt;
  bool operator==(const HugetlbEntry&) const = default;
};

struct RdmaEntry {
  std::string device;
  std::optional<std::uint64_t> hca_handles, hca_objects;  // absent in a limit: "max"
  bool operator==(const RdmaEntry&) const = default;
};
struct RdmaStats {
  std::vector<RdmaEntry> current, limit;
  bool operator==(const RdmaStats&) const = default;
};

struct Stats {
  CpuStats cpu;
  CpusetStats cpuset;
  MemoryStats memory;
  PidsStats pids;
  BlkioStats blkio;
  std::map<std::string, HugetlbEntry> hugetlb;  // by page size, "2MB"
  RdmaStats rdma;
  bool operator==(const Stats&) const = default;
};

// Files and controllers that are not there leave their values absent. Errors: system (anything but
// a missing file), invalid_argument (text that is not understood), not_found when the cgroup is
// gone.
Result<Stats> read_stats(const Location& location);

}  // namespace myrt::cgroups
