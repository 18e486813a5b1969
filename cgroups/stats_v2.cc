#include <limits>

#include "cgroups/stats_files.h"
#include "cgroups/tree.h"

namespace myrt::cgroups {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kNanosecondsPerMicrosecond = 1000;

using Values = std::map<std::string, std::uint64_t>;

std::optional<std::uint64_t> value_of(const Values& values, const char* key,
                                      std::uint64_t factor = 1) {
  const auto found = values.find(key);
  if (found == values.end()) return std::nullopt;
  return found->second * factor;
}

Result<MemoryStats> memory_stats(const std::string& directory) {
  MemoryStats stats;
  stats.raw = TRY(read_flat_keyed(directory, "memory.stat"));
  stats.events = TRY(read_flat_keyed(directory, "memory.events"));
  stats.cache = value_of(stats.raw, "file");
  stats.psi = TRY(read_pressure(directory, "memory.pressure"));
  MemoryEntry usage;
  usage.usage = TRY(read_number(directory, "memory.current"));
  usage.limit = TRY(read_number(directory, "memory.max"));
  usage.max = TRY(read_number(directory, "memory.peak"));
  if (usage.usage) stats.usage = usage;
  MemoryEntry swap;
  swap.usage = TRY(read_number(directory, "memory.swap.current"));
  swap.limit = TRY(read_number(directory, "memory.swap.max"));
  if (swap.usage && usage.usage) {
    // v1's "swap" counts memory and swap together, and that is what the document's readers expect.
    *swap.usage += *usage.usage;
    if (swap.limit && *swap.limit != kUnlimited) {
      const std::uint64_t limit = usage.limit.value_or(kUnlimited);
      swap.limit = limit == kUnlimited ? kUnlimited : *swap.limit + limit;
    }
    stats.swap = swap;
  }
  return stats;
}

void add_io_line(BlkioStats& stats, const std::vector<std::string>& words) {
  const std::vector<BlkioEntry> device = parse_blkio(words.front() + " 0");
  if (device.empty()) return;
  struct Key {
    const char* name;
    const char* op;
    std::vector<BlkioEntry>* entries;
  };
  const Key keys[] = {
      {"rbytes=", "Read", &stats.service_bytes},    {"wbytes=", "Write", &stats.service_bytes},
      {"dbytes=", "Discard", &stats.service_bytes}, {"rios=", "Read", &stats.serviced},
      {"wios=", "Write", &stats.serviced},          {"dios=", "Discard", &stats.serviced},
  };
  for (const std::string& word : words) {
    for (const Key& key : keys) {
      if (!word.starts_with(key.name)) continue;
      const Result<std::uint64_t> value =
          parse_number(std::string_view(word).substr(std::string_view(key.name).size()), "io.stat");
      if (!value.ok()) continue;
      key.entries->push_back({.major = device.front().major,
                              .minor = device.front().minor,
                              .op = key.op,
                              .value = *value});
    }
  }
}

Result<BlkioStats> io_stats(const std::string& directory) {
  BlkioStats stats;
  stats.psi = TRY(read_pressure(directory, "io.pressure"));
  const std::optional<std::string> text = TRY(read_if_present(directory + "/io.stat"));
  for (std::string_view rest = text ? *text : std::string_view(); !rest.empty();) {
    const std::size_t end = rest.find('\n');
    const std::vector<std::string> words = split_words(rest.substr(0, end));
    if (!words.empty()) add_io_line(stats, words);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return stats;
}

Result<std::map<std::string, HugetlbEntry>> hugetlb_stats(const std::string& directory) {
  std::map<std::string, HugetlbEntry> stats;
  for (const std::string& size : TRY(huge_page_sizes(directory, ".current"))) {
    HugetlbEntry entry;
    entry.usage = TRY(read_number(directory, fmt::format("hugetlb.{}.rsvd.current", size)));
    if (!entry.usage) {
      entry.usage = TRY(read_number(directory, fmt::format("hugetlb.{}.current", size)));
    }
    const Values events = TRY(read_flat_keyed(directory, fmt::format("hugetlb.{}.events", size)));
    entry.failcnt = value_of(events, "max");
    stats.emplace(size, entry);
  }
  return stats;
}

}  // namespace

Result<CpuStats> cpu_stats_v2(const std::string& directory) {
  const Values values = TRY(read_flat_keyed(directory, "cpu.stat"));
  CpuStats stats;
  stats.total_ns = value_of(values, "usage_usec", kNanosecondsPerMicrosecond);
  stats.user_ns = value_of(values, "user_usec", kNanosecondsPerMicrosecond);
  stats.kernel_ns = value_of(values, "system_usec", kNanosecondsPerMicrosecond);
  stats.periods = value_of(values, "nr_periods");
  stats.throttled_periods = value_of(values, "nr_throttled");
  stats.throttled_time_ns = value_of(values, "throttled_usec", kNanosecondsPerMicrosecond);
  stats.psi = TRY(read_pressure(directory, "cpu.pressure"));
  return stats;
}

Result<Stats> stats_v2(const std::string& directory) {
  Stats stats;
  stats.cpu = TRY(cpu_stats_v2(directory));
  stats.memory = TRY(memory_stats(directory));
  stats.pids.current = TRY(read_number(directory, "pids.current"));
  stats.pids.limit = TRY(read_number(directory, "pids.max"));
  stats.blkio = TRY(io_stats(directory));
  stats.hugetlb = TRY(hugetlb_stats(directory));
  stats.rdma = TRY(read_rdma(directory));
  if (const auto text = TRY(read_if_present(directory + "/cpuset.cpus"))) {
    stats.cpuset.cpus = TRY(parse_list(*text));
  }
  if (const auto text = TRY(read_if_present(directory + "/cpuset.mems"))) {
    stats.cpuset.mems = TRY(parse_list(*text));
  }
  return stats;
}

}  // namespace myrt::cgroups
