#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

#include "cgroups/stats_files.h"
#include "cgroups/tree.h"

namespace myrt::cgroups {
namespace {

using Values = std::map<std::string, std::uint64_t>;

constexpr std::uint64_t kNanosecondsPerSecond = 1000000000;

std::optional<std::uint64_t> value_of(const Values& values, const char* key,
                                      std::uint64_t factor = 1) {
  const auto found = values.find(key);
  if (found == values.end()) return std::nullopt;
  return found->second * factor;
}

Result<std::vector<std::uint64_t>> numbers_in(const std::string& directory, const char* file) {
  std::vector<std::uint64_t> values;
  const std::optional<std::string> text =
      TRY(read_if_present(fmt::format("{}/{}", directory, file)));
  if (!text) return values;
  for (const std::string& word : split_words(*text))
    values.push_back(TRY(parse_number(word, file)));
  return values;
}

Result<> add_cpuacct(CpuStats& stats, const std::string& directory) {
  stats.total_ns = TRY(read_number(directory, "cpuacct.usage"));
  stats.percpu_ns = TRY(numbers_in(directory, "cpuacct.usage_percpu"));
  stats.percpu_user_ns = TRY(numbers_in(directory, "cpuacct.usage_percpu_user"));
  stats.percpu_kernel_ns = TRY(numbers_in(directory, "cpuacct.usage_percpu_sys"));
  // In ticks of user space's clock (sysconf(3) _SC_CLK_TCK).
  const Values ticks = TRY(read_flat_keyed(directory, "cpuacct.stat"));
  const std::uint64_t tick_ns =
      kNanosecondsPerSecond / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  stats.user_ns = value_of(ticks, "user", tick_ns);
  stats.kernel_ns = value_of(ticks, "system", tick_ns);
  return {};
}

Result<std::optional<MemoryEntry>> memory_entry(const std::string& directory,
                                                const std::string& prefix) {
  MemoryEntry entry;
  entry.usage = TRY(read_number(directory, prefix + ".usage_in_bytes"));
  if (!entry.usage) return std::optional<MemoryEntry>();
  entry.max = TRY(read_number(directory, prefix + ".max_usage_in_bytes"));
  entry.failcnt = TRY(read_number(directory, prefix + ".failcnt"));
  entry.limit = TRY(read_number(directory, prefix + ".limit_in_bytes"));
  return std::optional(entry);
}

Result<MemoryStats> memory_stats(const std::string& directory) {
  MemoryStats stats;
  stats.raw = TRY(read_flat_keyed(directory, "memory.stat"));
  stats.cache = value_of(stats.raw, "cache");
  // The one event that v1 counts.
  const auto control = TRY(read_flat_keyed(directory, "memory.oom_control"));
  if (const auto kills = value_of(control, "oom_kill")) stats.events["oom_kill"] = *kills;
  stats.usage = TRY(memory_entry(directory, "memory"));
  stats.swap = TRY(memory_entry(directory, "memory.memsw"));
  stats.kernel = TRY(memory_entry(directory, "memory.kmem"));
  stats.kernel_tcp = TRY(memory_entry(directory, "memory.kmem.tcp"));
  return stats;
}

// The first of the files that has anything: CFQ (before 5.0), BFQ, and the throttling layer's own.
Result<std::vector<BlkioEntry>> first_blkio(const std::string& directory, const char* name) {
  for (const char* prefix : {"blkio.", "blkio.bfq.", "blkio.throttle."}) {
    const std::optional<std::string> text =
        TRY(read_if_present(fmt::format("{}/{}{}_recursive", directory, prefix, name)));
    if (!text) continue;
    std::vector<BlkioEntry> entries = parse_blkio(*text);
    if (!entries.empty()) return entries;
  }
  return std::vector<BlkioEntry>();
}

Result<BlkioStats> blkio_stats(const std::string& directory) {
  BlkioStats stats;
  const std::array<std::pair<const char*, std::vector<BlkioEntry>*>, 8> files = {{
      {"io_service_bytes", &stats.service_bytes},
      {"io_serviced", &stats.serviced},
      {"io_queued", &stats.queued},
      {"io_service_time", &stats.service_time},
      {"io_wait_time", &stats.wait_time},
      {"io_merged", &stats.merged},
      {"time", &stats.time},
      {"sectors", &stats.sectors},
  }};
  for (const auto& [name, entries] : files) *entries = TRY(first_blkio(directory, name));
  return stats;
}

Result<CpusetStats> cpuset_stats(const std::string& directory) {
  CpusetStats stats;
  if (const auto text = TRY(read_if_present(directory + "/cpuset.cpus"))) {
    stats.cpus = TRY(parse_list(*text));
  }
  if (const auto text = TRY(read_if_present(directory + "/cpuset.mems"))) {
    stats.mems = TRY(parse_list(*text));
  }
  const std::array<std::pair<const char*, std::optional<std::uint64_t>*>, 8> files = {{
      {"cpuset.cpu_exclusive", &stats.cpu_exclusive},
      {"cpuset.mem_hardwall", &stats.mem_hardwall},
      {"cpuset.mem_exclusive", &stats.mem_exclusive},
      {"cpuset.memory_migrate", &stats.memory_migrate},
      {"cpuset.memory_spread_page", &stats.memory_spread_page},
      {"cpuset.memory_spread_slab", &stats.memory_spread_slab},
      {"cpuset.memory_pressure", &stats.memory_pressure},
      {"cpuset.sched_load_balance", &stats.sched_load_balance},
  }};
  for (const auto& [name, value] : files) *value = TRY(read_number(directory, name));
  if (const auto text = TRY(read_if_present(directory + "/cpuset.sched_relax_domain_level"))) {
    std::int64_t level = 0;  // -1 is the usual value
    if (std::from_chars(text->data(), text->data() + text->size(), level).ec == std::errc()) {
      stats.sched_relax_domain_level = level;
    }
  }
  return stats;
}

Result<std::map<std::string, HugetlbEntry>> hugetlb_stats(const std::string& directory) {
  std::map<std::string, HugetlbEntry> stats;
  for (const std::string& size : TRY(huge_page_sizes(directory, ".usage_in_bytes"))) {
    std::string prefix = fmt::format("hugetlb.{}.rsvd", size);
    HugetlbEntry entry;
    entry.usage = TRY(read_number(directory, prefix + ".usage_in_bytes"));
    if (!entry.usage) {
      prefix = "hugetlb." + size;
      entry.usage = TRY(read_number(directory, prefix + ".usage_in_bytes"));
    }
    entry.max = TRY(read_number(directory, prefix + ".max_usage_in_bytes"));
    entry.failcnt = TRY(read_number(directory, prefix + ".failcnt"));
    stats.emplace(size, entry);
  }
  return stats;
}

}  // namespace

Result<Stats> stats_v1(const Location& location) {
  Stats stats;
  if (const std::string* directory = directory_of(location, "cpu")) {
    const Values values = TRY(read_flat_keyed(*directory, "cpu.stat"));
    stats.cpu.periods = value_of(values, "nr_periods");
    stats.cpu.throttled_periods = value_of(values, "nr_throttled");
    stats.cpu.throttled_time_ns = value_of(values, "throttled_time");
  }
  if (const std::string* directory = directory_of(location, "cpuacct")) {
    TRY(add_cpuacct(stats.cpu, *directory));
  }
  if (const std::string* directory = directory_of(location, "cpuset")) {
    stats.cpuset = TRY(cpuset_stats(*directory));
  }
  if (const std::string* directory = directory_of(location, "memory")) {
    stats.memory = TRY(memory_stats(*directory));
  }
  if (const std::string* directory = directory_of(location, "pids")) {
    stats.pids.current = TRY(read_number(*directory, "pids.current"));
    stats.pids.limit = TRY(read_number(*directory, "pids.max"));
  }
  if (const std::string* directory = directory_of(location, "blkio")) {
    stats.blkio = TRY(blkio_stats(*directory));
  }
  if (const std::string* directory = directory_of(location, "hugetlb")) {
    stats.hugetlb = TRY(hugetlb_stats(*directory));
  }
  if (const std::string* directory = directory_of(location, "rdma")) {
    stats.rdma = TRY(read_rdma(*directory));
  }
  return stats;
}

}  // namespace myrt::cgroups
