#include "runtime/init/cpu_affinity.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace myrt::init {
namespace {

Result<IndexMask> parse_field(const std::string& list, const char* field) {
  Result<IndexMask> mask = parse_index_list(list);
  if (mask.ok()) return mask;
  return config_error(fmt::format("/process/execCPUAffinity/{}", field), mask.error().message);
}

}  // namespace

Result<CpuAffinityPlan> plan_cpu_affinity(const std::optional<oci::ExecCpuAffinity>& affinity) {
  CpuAffinityPlan plan;
  if (!affinity) return plan;
  plan.initial = TRY(parse_field(affinity->initial, "initial"));
  plan.final_mask = TRY(parse_field(affinity->final_list, "final"));
  return plan;
}

Result<IndexMask> own_cpu_affinity() {
  IndexMask mask(1024);  // 65536 CPUs: what an index list can name
  const long size_bytes =
      ::syscall(SYS_sched_getaffinity, 0, mask.size() * sizeof(mask[0]), mask.data());
  if (size_bytes < 0) return errno_error("sched_getaffinity", "read cpu affinity");
  mask.resize(static_cast<std::size_t>(size_bytes) / sizeof(mask[0]));
  return mask;
}

Result<> allow_all_cpus() {
  // The kernel takes what the cpuset has of them. 8192 is its limit on every architecture.
  return set_cpu_affinity(0, IndexMask(8192 / 64, ~std::uint64_t{0}));
}

Result<> set_cpu_affinity(pid_t pid, const IndexMask& mask) {
  if (mask.empty()) return {};
  // Raw: glibc's wrapper is the same call, but its type suggests cpu_set_t's 1024 CPUs.
  const std::size_t size_bytes = mask.size() * sizeof(mask[0]);
  if (::syscall(SYS_sched_setaffinity, pid, size_bytes, mask.data()) < 0) {
    const int error = errno;
    return errno_error("sched_setaffinity",
                       fmt::format("set cpu affinity to `{}`", to_string(mask)), error);
  }
  return {};
}

}  // namespace myrt::init
