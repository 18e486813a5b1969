#include "runtime/init/rdt_stats.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "runtime/init/rdt_schemata.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace myrt::init {
namespace {

// Without its newline; nullopt when there is no such file.
Result<std::optional<std::string>> read_line(int dirfd, const std::string& path) {
  Result<std::string> text = sys::read_file_at(dirfd, path);
  if (!text.ok() && text.error().errno_value == ENOENT) return std::optional<std::string>();
  std::string line = TRY(std::move(text));
  while (!line.empty() && line.back() == '\n') line.pop_back();
  return std::optional(std::move(line));
}

// nullopt also for "Unavailable" and "Error", which a counter can say.
Result<std::optional<std::uint64_t>> read_number(int dirfd, const std::string& path) {
  const auto line = TRY(read_line(dirfd, path));
  std::uint64_t value = 0;
  if (!line) return std::optional<std::uint64_t>();
  const auto parsed = std::from_chars(line->data(), line->data() + line->size(), value);
  if (parsed.ec != std::errc()) return std::optional<std::uint64_t>();
  return std::optional(value);
}

Result<std::optional<RdtL3Info>> read_l3_info(int resctrl_fd) {
  const auto mask = TRY(read_line(resctrl_fd, "info/L3/cbm_mask"));
  if (!mask) return std::optional<RdtL3Info>();
  RdtL3Info info;
  info.cbm_mask = *mask;
  info.min_cbm_bits = TRY(read_number(resctrl_fd, "info/L3/min_cbm_bits")).value_or(0);
  info.num_closids = TRY(read_number(resctrl_fd, "info/L3/num_closids")).value_or(0);
  return std::optional(std::move(info));
}

Result<std::optional<RdtMemBwInfo>> read_mem_bw_info(int resctrl_fd) {
  const auto gran = TRY(read_number(resctrl_fd, "info/MB/bandwidth_gran"));
  if (!gran) return std::optional<RdtMemBwInfo>();
  RdtMemBwInfo info;
  info.bandwidth_gran = *gran;
  info.delay_linear = TRY(read_number(resctrl_fd, "info/MB/delay_linear")).value_or(0);
  info.min_bandwidth = TRY(read_number(resctrl_fd, "info/MB/min_bandwidth")).value_or(0);
  info.num_closids = TRY(read_number(resctrl_fd, "info/MB/num_closids")).value_or(0);
  return std::optional(info);
}

Result<std::vector<RdtMonitoring>> read_monitoring(int resctrl_fd, const std::string& group) {
  std::vector<RdtMonitoring> monitoring;
  if (group.empty()) return monitoring;
  const sys::UniqueFd data =
      TRY(sys::open_at(resctrl_fd, group + "/mon_data", O_RDONLY | O_DIRECTORY));
  std::vector<std::string> caches = TRY(sys::list_directory(data.get()));
  std::erase_if(caches, [](const std::string& name) { return !name.starts_with("mon_L3_"); });
  std::sort(caches.begin(), caches.end());
  for (const std::string& cache : caches) {
    RdtMonitoring one;
    one.llc_occupancy = TRY(read_number(data.get(), cache + "/llc_occupancy"));
    one.mbm_total_bytes = TRY(read_number(data.get(), cache + "/mbm_total_bytes"));
    one.mbm_local_bytes = TRY(read_number(data.get(), cache + "/mbm_local_bytes"));
    monitoring.push_back(one);
  }
  return monitoring;
}

}  // namespace

Result<RdtStats> read_rdt_stats(int resctrl_fd, const std::string& clos,
                                const std::string& monitor_group) {
  RdtStats stats;
  stats.l3_info = TRY(read_l3_info(resctrl_fd));
  stats.mem_bw_info = TRY(read_mem_bw_info(resctrl_fd));
  const std::string root = TRY(sys::read_file_at(resctrl_fd, "schemata"));
  stats.l3_schema_root = schema_line(root, "L3");
  stats.mem_bw_schema_root = schema_line(root, "MB");
  const std::string own =
      TRY(sys::read_file_at(resctrl_fd, clos.empty() ? "schemata" : clos + "/schemata"));
  stats.l3_schema = schema_line(own, "L3");
  stats.mem_bw_schema = schema_line(own, "MB");
  stats.monitoring = TRY(read_monitoring(resctrl_fd, monitor_group));
  return stats;
}

}  // namespace myrt::init
