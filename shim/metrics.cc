#include "shim/metrics.h"

#include <array>
#include <map>

#include "protobuf/wire.h"

namespace myrt::shim {
namespace {

using protobuf::MessageWriter;
using Count = std::optional<std::uint64_t>;

constexpr std::uint64_t kNanosecondsPerMicrosecond = 1000;
constexpr std::uint64_t kUnlimited = UINT64_MAX;

void number(MessageWriter& writer, unsigned field, const Count& value) {
  writer.number_unless_zero(field, static_cast<std::int64_t>(value.value_or(0)));
}

void microseconds(MessageWriter& writer, unsigned field, const Count& nanoseconds) {
  number(writer, field, nanoseconds.value_or(0) / kNanosecondsPerMicrosecond);
}

// The names of memory.stat in the order of their fields; "" has none.
template <std::size_t N>
void numbers_by_name(MessageWriter& writer, const std::array<std::string_view, N>& names,
                     const std::map<std::string, std::uint64_t>& values) {
  for (std::size_t i = 0; i < N; ++i) {
    const auto found = values.find(std::string(names[i]));
    if (found != values.end()) number(writer, static_cast<unsigned>(i + 1), found->second);
  }
}

std::string pids(const Count& current, const Count& limit) {
  MessageWriter writer;
  number(writer, 1, current);
  number(writer, 2, limit);
  return writer.take();
}

std::string rdma_entry(const cgroups::RdmaEntry& entry) {
  MessageWriter writer;
  writer.bytes(1, entry.device);
  number(writer, 2, entry.hca_handles);
  number(writer, 3, entry.hca_objects);
  return writer.take();
}

std::string rdma(const cgroups::RdmaStats& stats) {
  MessageWriter writer;
  for (const auto& entry : stats.current) writer.bytes(1, rdma_entry(entry));
  for (const auto& entry : stats.limit) writer.bytes(2, rdma_entry(entry));
  return writer.take();
}

// --- version 1

constexpr std::array<std::string_view, 32> kMemoryV1 = {"cache",
                                                        "rss",
                                                        "rss_huge",
                                                        "mapped_file",
                                                        "dirty",
                                                        "writeback",
                                                        "pgpgin",
                                                        "pgpgout",
                                                        "pgfault",
                                                        "pgmajfault",
                                                        "inactive_anon",
                                                        "active_anon",
                                                        "inactive_file",
                                                        "active_file",
                                                        "unevictable",
                                                        "hierarchical_memory_limit",
                                                        "hierarchical_memsw_limit",
                                                        "total_cache",
                                                        "total_rss",
                                                        "total_rss_huge",
                                                        "total_mapped_file",
                                                        "total_dirty",
                                                        "total_writeback",
                                                        "total_pgpgin",
                                                        "total_pgpgout",
                                                        "total_pgfault",
                                                        "total_pgmajfault",
                                                        "total_inactive_anon",
                                                        "total_active_anon",
                                                        "total_inactive_file",
                                                        "total_active_file",
                                                        "total_unevictable"};

std::string memory_entry(const cgroups::MemoryEntry& entry) {
  MessageWriter writer;
  number(writer, 1, entry.limit);
  number(writer, 2, entry.usage);
  number(writer, 3, entry.max);
  number(writer, 4, entry.failcnt);
  return writer.take();
}

std::string memory_v1(const cgroups::MemoryStats& stats) {
  MessageWriter writer;
  numbers_by_name(writer, kMemoryV1, stats.raw);
  if (stats.usage) writer.bytes(33, memory_entry(*stats.usage));
  if (stats.swap) writer.bytes(34, memory_entry(*stats.swap));
  if (stats.kernel) writer.bytes(35, memory_entry(*stats.kernel));
  if (stats.kernel_tcp) writer.bytes(36, memory_entry(*stats.kernel_tcp));
  return writer.take();
}

std::string cpu_v1(const cgroups::CpuStats& stats) {
  MessageWriter usage;
  number(usage, 1, stats.total_ns);
  number(usage, 2, stats.kernel_ns);
  number(usage, 3, stats.user_ns);
  for (const std::uint64_t value : stats.percpu_ns) {
    usage.number(4, static_cast<std::int64_t>(value));
  }
  MessageWriter throttling;
  number(throttling, 1, stats.periods);
  number(throttling, 2, stats.throttled_periods);
  number(throttling, 3, stats.throttled_time_ns);
  MessageWriter writer;
  writer.bytes(1, usage.message());
  writer.bytes(2, throttling.message());
  return writer.take();
}

std::string blkio_v1(const cgroups::BlkioStats& stats) {
  const std::array<const std::vector<cgroups::BlkioEntry>*, 8> lists = {
      &stats.service_bytes, &stats.serviced, &stats.queued, &stats.service_time,
      &stats.wait_time,     &stats.merged,   &stats.time,   &stats.sectors};
  MessageWriter writer;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    for (const cgroups::BlkioEntry& entry : *lists[i]) {
      MessageWriter one;
      one.bytes_unless_empty(1, entry.op);
      number(one, 3, entry.major);
      number(one, 4, entry.minor);
      number(one, 5, entry.value);
      writer.bytes(static_cast<unsigned>(i + 1), one.message());
    }
  }
  return writer.take();
}

std::string metrics_v1(const cgroups::Stats& stats) {
  MessageWriter writer;
  for (const auto& [size, entry] : stats.hugetlb) {
    MessageWriter one;
    number(one, 1, entry.usage);
    number(one, 2, entry.max);
    number(one, 3, entry.failcnt);
    one.bytes(4, size);
    writer.bytes(1, one.message());
  }
  writer.bytes(2, pids(stats.pids.current, stats.pids.limit));
  writer.bytes(3, cpu_v1(stats.cpu));
  writer.bytes(4, memory_v1(stats.memory));
  writer.bytes(5, blkio_v1(stats.blkio));
  writer.bytes_unless_empty(6, rdma(stats.rdma));
  if (const auto kills = stats.memory.events.find("oom_kill"); kills != stats.memory.events.end()) {
    MessageWriter control;
    number(control, 3, kills->second);
    writer.bytes(9, control.message());
  }
  return writer.take();
}

// --- version 2

constexpr std::array<std::string_view, 31> kMemoryV2 = {"anon",
                                                        "file",
                                                        "kernel_stack",
                                                        "slab",
                                                        "sock",
                                                        "shmem",
                                                        "file_mapped",
                                                        "file_dirty",
                                                        "file_writeback",
                                                        "anon_thp",
                                                        "inactive_anon",
                                                        "active_anon",
                                                        "inactive_file",
                                                        "active_file",
                                                        "unevictable",
                                                        "slab_reclaimable",
                                                        "slab_unreclaimable",
                                                        "pgfault",
                                                        "pgmajfault",
                                                        "workingset_refault",
                                                        "workingset_activate",
                                                        "workingset_nodereclaim",
                                                        "pgrefill",
                                                        "pgscan",
                                                        "pgsteal",
                                                        "pgactivate",
                                                        "pgdeactivate",
                                                        "pglazyfree",
                                                        "pglazyfreed",
                                                        "thp_fault_alloc",
                                                        "thp_collapse_alloc"};
constexpr std::array<std::string_view, 5> kMemoryEvents = {"low", "high", "max", "oom", "oom_kill"};

std::string memory_v2(const cgroups::MemoryStats& stats) {
  MessageWriter writer;
  numbers_by_name(writer, kMemoryV2, stats.raw);
  const cgroups::MemoryEntry usage = stats.usage.value_or(cgroups::MemoryEntry());
  number(writer, 32, usage.usage);
  number(writer, 33, usage.limit);
  if (stats.swap) {
    // Stats count memory and swap together, as version 1 does.
    const auto alone = [](const Count& both, const Count& memory) -> Count {
      const std::uint64_t all = both.value_or(0), part = memory.value_or(0);
      if (all == kUnlimited) return all;
      return all > part ? all - part : 0;
    };
    number(writer, 34, alone(stats.swap->usage, usage.usage));
    number(writer, 35, alone(stats.swap->limit, usage.limit));
  }
  number(writer, 36, usage.max);
  return writer.take();
}

std::string cpu_v2(const cgroups::CpuStats& stats) {
  MessageWriter writer;
  microseconds(writer, 1, stats.total_ns);
  microseconds(writer, 2, stats.user_ns);
  microseconds(writer, 3, stats.kernel_ns);
  number(writer, 4, stats.periods);
  number(writer, 5, stats.throttled_periods);
  microseconds(writer, 6, stats.throttled_time_ns);
  return writer.take();
}

std::string io_v2(const cgroups::BlkioStats& stats) {
  struct Device {
    std::uint64_t read_bytes = 0, written_bytes = 0, reads = 0, writes = 0;
  };
  std::map<std::pair<std::uint64_t, std::uint64_t>, Device> devices;
  for (const auto& entry : stats.service_bytes) {
    Device& device = devices[{entry.major, entry.minor}];
    if (entry.op == "Read") device.read_bytes = entry.value;
    if (entry.op == "Write") device.written_bytes = entry.value;
  }
  for (const auto& entry : stats.serviced) {
    Device& device = devices[{entry.major, entry.minor}];
    if (entry.op == "Read") device.reads = entry.value;
    if (entry.op == "Write") device.writes = entry.value;
  }
  MessageWriter writer;
  for (const auto& [numbers, device] : devices) {
    MessageWriter one;
    number(one, 1, numbers.first);
    number(one, 2, numbers.second);
    number(one, 3, device.read_bytes);
    number(one, 4, device.written_bytes);
    number(one, 5, device.reads);
    number(one, 6, device.writes);
    writer.bytes(1, one.message());
  }
  return writer.take();
}

std::string metrics_v2(const cgroups::Stats& stats) {
  MessageWriter writer;
  // Here "max" is the highest number, as for memory; in version 1 it is 0.
  const bool is_limited = stats.pids.limit.value_or(1) != 0;
  writer.bytes(1, pids(stats.pids.current, is_limited ? stats.pids.limit : Count(kUnlimited)));
  writer.bytes(2, cpu_v2(stats.cpu));
  writer.bytes(4, memory_v2(stats.memory));
  writer.bytes_unless_empty(5, rdma(stats.rdma));
  writer.bytes_unless_empty(6, io_v2(stats.blkio));
  for (const auto& [size, entry] : stats.hugetlb) {
    MessageWriter one;
    number(one, 1, entry.usage);
    number(one, 2, entry.max);
    one.bytes(3, size);
    writer.bytes(7, one.message());
  }
  MessageWriter events;
  numbers_by_name(events, kMemoryEvents, stats.memory.events);
  writer.bytes_unless_empty(8, events.message());
  return writer.take();
}

}  // namespace

Any encode_metrics(const cgroups::Stats& stats, cgroups::Mode mode) {
  if (mode == cgroups::Mode::v2) return {"io.containerd.cgroups.v2.Metrics", metrics_v2(stats)};
  return {"io.containerd.cgroups.v1.Metrics", metrics_v1(stats)};
}

}  // namespace myrt::shim
