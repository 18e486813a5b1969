#include "cgroups/resource_values.h"
#include "cgroups/v1/resources.h"

namespace myrt::cgroups::v1 {

Result<Writes> cpu_writes(const oci::CpuResources& cpu, const std::string& pointer) {
  TRY(check_cpu(cpu, pointer));
  Writes writes;
  const auto add = [&](const char* file, std::string value, const char* field,
                       bool interdependent) {
    writes.push_back(cpu_write(file, std::move(value), pointer + "/" + field, interdependent));
  };
  if (cpu.idle) add("cpu.idle", fmt::to_string(*cpu.idle), "idle", false);
  // An idle cgroup has no shares; the kernel refuses them.
  if (cpu.shares.value_or(0) != 0 && cpu.idle.value_or(0) != 1) {
    add("cpu.shares", fmt::to_string(*cpu.shares), "shares", false);
  }
  const std::int64_t quota = cpu.quota.value_or(0);
  if (cpu.period.value_or(0) != 0) {
    add("cpu.cfs_period_us", fmt::to_string(*cpu.period), "period", true);
  }
  if (quota != 0) add("cpu.cfs_quota_us", fmt::to_string(quota < 0 ? -1 : quota), "quota", true);
  if (cpu.burst) add("cpu.cfs_burst_us", fmt::to_string(*cpu.burst), "burst", true);
  return writes;
}

Writes realtime_writes(const oci::CpuResources& cpu, const std::string& pointer) {
  Writes writes;
  if (cpu.realtime_period.value_or(0) != 0) {
    writes.push_back(cpu_write("cpu.rt_period_us", fmt::to_string(*cpu.realtime_period),
                               pointer + "/realtimePeriod", true));
  }
  if (cpu.realtime_runtime.value_or(0) != 0) {
    writes.push_back(cpu_write("cpu.rt_runtime_us", fmt::to_string(*cpu.realtime_runtime),
                               pointer + "/realtimeRuntime", true));
  }
  return writes;
}

}  // namespace myrt::cgroups::v1
