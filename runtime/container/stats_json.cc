#include "runtime/container/stats_json.h"

#include <nlohmann/json.hpp>

namespace myrt::container {
namespace {

using Json = nlohmann::json;

Json line(const cgroups::PressureLine& pressure) {
  return {{"avg10", pressure.avg10},
          {"avg60", pressure.avg60},
          {"avg300", pressure.avg300},
          {"total", pressure.total_us}};
}

void add_pressure(Json& json, const std::optional<cgroups::Pressure>& pressure) {
  if (!pressure) return;
  json["psi"] = {{"some", line(pressure->some)}, {"full", line(pressure->full)}};
}

template <class T>
void add(Json& json, const char* name, const std::optional<T>& value) {
  if (value) json[name] = *value;
}

template <class T>
void add_list(Json& json, const char* name, const std::vector<T>& values) {
  if (!values.empty()) json[name] = values;
}

Json cpu(const cgroups::CpuStats& stats) {
  Json usage = {{"total", stats.total_ns.value_or(0)},
                {"kernel", stats.kernel_ns.value_or(0)},
                {"user", stats.user_ns.value_or(0)}};
  add_list(usage, "percpu", stats.percpu_ns);
  add_list(usage, "percpu_kernel", stats.percpu_kernel_ns);
  add_list(usage, "percpu_user", stats.percpu_user_ns);
  Json throttling = Json::object();
  add(throttling, "periods", stats.periods);
  add(throttling, "throttledPeriods", stats.throttled_periods);
  add(throttling, "throttledTime", stats.throttled_time_ns);
  Json json = {{"usage", std::move(usage)}, {"throttling", std::move(throttling)}};
  add_pressure(json, stats.psi);
  return json;
}

Json cpuset(const cgroups::CpusetStats& stats) {
  return {{"cpus", stats.cpus},
          {"cpu_exclusive", stats.cpu_exclusive.value_or(0)},
          {"mems", stats.mems},
          {"mem_hardwall", stats.mem_hardwall.value_or(0)},
          {"mem_exclusive", stats.mem_exclusive.value_or(0)},
          {"memory_migrate", stats.memory_migrate.value_or(0)},
          {"memory_spread_page", stats.memory_spread_page.value_or(0)},
          {"memory_spread_slab", stats.memory_spread_slab.value_or(0)},
          {"memory_pressure", stats.memory_pressure.value_or(0)},
          {"sched_load_balance", stats.sched_load_balance.value_or(0)},
          {"sched_relax_domain_level", stats.sched_relax_domain_level.value_or(0)}};
}

Json memory_entry(const std::optional<cgroups::MemoryEntry>& entry) {
  Json json = {{"limit", 0}, {"failcnt", 0}};
  if (!entry) return json;
  json["limit"] = entry->limit.value_or(0);
  json["failcnt"] = entry->failcnt.value_or(0);
  add(json, "usage", entry->usage);
  add(json, "max", entry->max);
  return json;
}

Json memory(const cgroups::MemoryStats& stats) {
  Json json = {{"usage", memory_entry(stats.usage)},
               {"swap", memory_entry(stats.swap)},
               {"kernel", memory_entry(stats.kernel)},
               {"kernelTCP", memory_entry(stats.kernel_tcp)},
               {"raw", stats.raw}};
  add(json, "cache", stats.cache);
  // Only what has happened: callers look for `oom` in the stream, as the suite of runc does.
  for (const auto& [name, count] : stats.events) {
    if (count != 0) json["events"][name] = count;
  }
  add_pressure(json, stats.psi);
  return json;
}

Json blkio_entries(const std::vector<cgroups::BlkioEntry>& entries) {
  Json json = Json::array();
  for (const cgroups::BlkioEntry& entry : entries) {
    json.push_back(
        {{"major", entry.major}, {"minor", entry.minor}, {"op", entry.op}, {"value", entry.value}});
  }
  return json;
}

Json blkio(const cgroups::BlkioStats& stats) {
  Json json = Json::object();
  const auto add_entries = [&](const char* name, const std::vector<cgroups::BlkioEntry>& entries) {
    if (!entries.empty()) json[name] = blkio_entries(entries);
  };
  add_entries("ioServiceBytesRecursive", stats.service_bytes);
  add_entries("ioServicedRecursive", stats.serviced);
  add_entries("ioQueueRecursive", stats.queued);
  add_entries("ioServiceTimeRecursive", stats.service_time);
  add_entries("ioWaitTimeRecursive", stats.wait_time);
  add_entries("ioMergedRecursive", stats.merged);
  add_entries("ioTimeRecursive", stats.time);
  add_entries("sectorsRecursive", stats.sectors);
  add_pressure(json, stats.psi);
  return json;
}

Json hugetlb(const std::map<std::string, cgroups::HugetlbEntry>& entries) {
  Json json = Json::object();
  for (const auto& [size, entry] : entries) {
    json[size] = {{"failcnt", entry.failcnt.value_or(0)}};
    add(json[size], "usage", entry.usage);
    add(json[size], "max", entry.max);
  }
  return json;
}

Json rdma_entries(const std::vector<cgroups::RdmaEntry>& entries) {
  Json json = Json::array();
  for (const cgroups::RdmaEntry& entry : entries) {
    Json item = {{"device", entry.device}};
    add(item, "hcaHandles", entry.hca_handles);
    add(item, "hcaObjects", entry.hca_objects);
    json.push_back(std::move(item));
  }
  return json;
}

void add_text(Json& json, const char* name, const std::string& text) {
  if (!text.empty()) json[name] = text;
}

void add_monitoring(Json& json, const std::vector<init::RdtMonitoring>& monitoring) {
  for (const init::RdtMonitoring& cache : monitoring) {
    if (cache.llc_occupancy) json["cmt_stats"].push_back({{"llc_occupancy", *cache.llc_occupancy}});
    if (!cache.mbm_total_bytes && !cache.mbm_local_bytes) continue;
    Json bandwidth = Json::object();
    add(bandwidth, "mbm_total_bytes", cache.mbm_total_bytes);
    add(bandwidth, "mbm_local_bytes", cache.mbm_local_bytes);
    json["mbm_stats"].push_back(std::move(bandwidth));
  }
}

Json intel_rdt(const std::optional<init::RdtStats>& stats) {
  Json json = Json::object();
  if (!stats) return json;
  if (const auto& info = stats->l3_info) {
    json["l3_cache_info"] = {{"cbm_mask", info->cbm_mask},
                             {"min_cbm_bits", info->min_cbm_bits},
                             {"num_closids", info->num_closids}};
  }
  if (const auto& info = stats->mem_bw_info) {
    json["mem_bw_info"] = {{"bandwidth_gran", info->bandwidth_gran},
                           {"delay_linear", info->delay_linear},
                           {"min_bandwidth", info->min_bandwidth},
                           {"num_closids", info->num_closids}};
  }
  add_text(json, "l3_cache_schema_root", stats->l3_schema_root);
  add_text(json, "l3_cache_schema", stats->l3_schema);
  add_text(json, "mem_bw_schema_root", stats->mem_bw_schema_root);
  add_text(json, "mem_bw_schema", stats->mem_bw_schema);
  add_monitoring(json, stats->monitoring);
  return json;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// With its keys in the order of runc's: scripts look for the beginning of the line.
std::string event(std::string_view type, const std::string& id, const std::string& rest) {
  return fmt::format(R"({{"type":"{}","id":{}{}}})", type, dump(id), rest);
}

}  // namespace

std::string stats_event_json(const std::string& id, const cgroups::Stats& stats,
                             const std::optional<init::RdtStats>& rdt) {
  Json pids = Json::object();
  add(pids, "current", stats.pids.current);
  add(pids, "limit", stats.pids.limit);
  Json data = {{"cpu", cpu(stats.cpu)},          {"cpuset", cpuset(stats.cpuset)},
               {"memory", memory(stats.memory)}, {"pids", std::move(pids)},
               {"blkio", blkio(stats.blkio)},    {"hugetlb", hugetlb(stats.hugetlb)},
               {"intel_rdt", intel_rdt(rdt)},    {"network_interfaces", nullptr}};
  if (!stats.rdma.current.empty() || !stats.rdma.limit.empty()) {
    data["rdma"] = {{"current", rdma_entries(stats.rdma.current)},
                    {"limit", rdma_entries(stats.rdma.limit)}};
  }
  return event("stats", id, R"(,"data":)" + dump(data));
}

std::string oom_event_json(const std::string& id) { return event("oom", id, ""); }

}  // namespace myrt::container
