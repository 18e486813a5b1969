// What resctrl tells of a class and its monitoring group: `intel_rdt` of the stats event.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sys/result.h"

namespace myrt::init {

struct RdtL3Info {
  std::string cbm_mask;  // hexadecimal, as the kernel prints it
  std::uint64_t min_cbm_bits = 0, num_closids = 0;
  bool operator==(const RdtL3Info&) const = default;
};
struct RdtMemBwInfo {
  std::uint64_t bandwidth_gran = 0, delay_linear = 0, min_bandwidth = 0, num_closids = 0;
  bool operator==(const RdtMemBwInfo&) const = default;
};
// One per L3 cache, in the order of their ids. Absent: the CPU does not count it.
struct RdtMonitoring {
  std::optional<std::uint64_t> llc_occupancy, mbm_total_bytes, mbm_local_bytes;
  bool operator==(const RdtMonitoring&) const = default;
};
struct RdtStats {
  std::optional<RdtL3Info> l3_info;
  std::optional<RdtMemBwInfo> mem_bw_info;
  std::string l3_schema_root, l3_schema, mem_bw_schema_root, mem_bw_schema;  // empty: no such line
  std::vector<RdtMonitoring> monitoring;  // empty without a monitoring group
  bool operator==(const RdtStats&) const = default;
};

// Files that are not there, as the CPU decides, leave their values absent. Errors: system.
Result<RdtStats> read_rdt_stats(int resctrl_fd, const std::string& clos,
                                const std::string& monitor_group);

}  // namespace myrt::init
