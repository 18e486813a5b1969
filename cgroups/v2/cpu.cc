#include <cmath>

#include "cgroups/resource_values.h"
#include "cgroups/v2/resources.h"

namespace myrt::cgroups::v2 {
namespace {

constexpr std::uint64_t kMinShares = 2;
constexpr std::uint64_t kMaxShares = 262144;

Result<> refuse_realtime(const oci::CpuResources& cpu, const std::string& pointer) {
  const char* field = cpu.realtime_runtime.value_or(0) != 0  ? "realtimeRuntime"
                      : cpu.realtime_period.value_or(0) != 0 ? "realtimePeriod"
                                                             : nullptr;
  if (field == nullptr) return {};
  return config_error(fmt::format("{}/{}", pointer, field),
                      "cgroup v2 has no realtime group scheduling");
}

}  // namespace

std::uint64_t weight_of_shares(std::uint64_t shares) {
  if (shares <= kMinShares) return 1;
  if (shares >= kMaxShares) return 10000;
  const double l = std::log2(static_cast<double>(shares));
  const double exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
  return static_cast<std::uint64_t>(std::ceil(std::pow(10, exponent)));
}

Result<Writes> cpu_writes(const oci::CpuResources& cpu, const std::string& pointer) {
  TRY(refuse_realtime(cpu, pointer));
  TRY(check_cpu(cpu, pointer));
  Writes writes;
  const auto add = [&](const char* file, std::string value, const char* field,
                       bool interdependent) {
    writes.push_back(cpu_write(file, std::move(value), pointer + "/" + field, interdependent));
  };
  if (cpu.idle) add("cpu.idle", fmt::to_string(*cpu.idle), "idle", false);
  // An idle cgroup has no weight; the kernel refuses one.
  if (cpu.shares.value_or(0) != 0 && cpu.idle.value_or(0) != 1) {
    add("cpu.weight", fmt::to_string(weight_of_shares(*cpu.shares)), "shares", false);
  }
  const std::int64_t quota = cpu.quota.value_or(0);
  const std::uint64_t period = cpu.period.value_or(0);
  if (quota != 0 || period != 0) {
    std::string value = quota > 0 ? fmt::to_string(quota) : "max";
    // Without one the kernel keeps the period in force, which an update must not change.
    if (period != 0) value += fmt::format(" {}", period);
    add("cpu.max", std::move(value), quota != 0 ? "quota" : "period", true);
  }
  if (cpu.burst) add("cpu.max.burst", fmt::to_string(*cpu.burst), "burst", true);
  return writes;
}

}  // namespace myrt::cgroups::v2
