#include "cgroups/resource_values.h"
#include "cgroups/v1/resources.h"

namespace myrt::cgroups::v1 {

Result<Writes> cpu_writes(const oci::CpuResources& cpu, const std::string& pointer) {
  Writes writes;
  const auto add = [&](const char* file, std::string value, const char* field,
                       bool interdependent) {
    writes.push_back({.controller = "cpu",
                      .file = file,
                      .value = std::move(value),
                      .pointer = fmt::format("{}/{}", pointer, field),
                      .interdependent = interdependent});
  };
  if (cpu.idle && *cpu.idle != 0 && *cpu.idle != 1) {
    return config_error(pointer + "/idle", fmt::format("expected 0 or 1, got `{}`", *cpu.idle));
  }
  if (cpu.idle) add("cpu.idle", fmt::to_string(*cpu.idle), "idle", false);
  // An idle cgroup has no shares; the kernel refuses them.
  if (cpu.shares.value_or(0) != 0 && cpu.idle.value_or(0) != 1) {
    add("cpu.shares", fmt::to_string(*cpu.shares), "shares", false);
  }
  const std::int64_t quota = cpu.quota.value_or(0);
  if (cpu.burst && quota > 0 && *cpu.burst > static_cast<std::uint64_t>(quota)) {
    return config_error(pointer + "/burst",
                        fmt::format("`{}` is more than the quota `{}`", *cpu.burst, quota));
  }
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
    writes.push_back({.controller = "cpu",
                      .file = "cpu.rt_period_us",
                      .value = fmt::to_string(*cpu.realtime_period),
                      .pointer = pointer + "/realtimePeriod",
                      .interdependent = true});
  }
  if (cpu.realtime_runtime.value_or(0) != 0) {
    writes.push_back({.controller = "cpu",
                      .file = "cpu.rt_runtime_us",
                      .value = fmt::to_string(*cpu.realtime_runtime),
                      .pointer = pointer + "/realtimeRuntime",
                      .interdependent = true});
  }
  return writes;
}

}  // namespace myrt::cgroups::v1
