#include <optional>

#include "cgroups/resource_values.h"
#include "cgroups/v2/resources.h"

namespace myrt::cgroups::v2 {
namespace {

Result<> refuse_without_equivalent(const oci::MemoryResources& memory, const std::string& pointer) {
  if (memory.swappiness) {
    return config_error(pointer + "/swappiness", "cgroup v2 has no swappiness");
  }
  if (memory.disable_oom_killer.value_or(false)) {
    return config_error(pointer + "/disableOOMKiller",
                        "cgroup v2 cannot switch the OOM killer off");
  }
  if (!memory.use_hierarchy.value_or(true)) {
    return config_error(pointer + "/useHierarchy", "cgroup v2 is always hierarchical");
  }
  return {};
}

// The config counts memory and swap together, v2 swap alone (CME-03, CME-04).
Result<std::optional<std::string>> swap_max(const oci::MemoryResources& memory,
                                            const std::string& pointer) {
  const std::int64_t limit = memory.limit.value_or(0);
  const std::int64_t swap = memory.swap.value_or(0);
  if (swap == 0) return limit == -1 ? std::optional<std::string>("max") : std::nullopt;
  if (swap < 0) return std::optional<std::string>("max");
  if (limit <= 0) return config_error(pointer + "/swap", "a swap limit needs a memory limit");
  if (swap < limit) {
    return config_error(pointer + "/swap",
                        fmt::format("`{}` is less than the memory limit `{}`", swap, limit));
  }
  return std::optional<std::string>(fmt::to_string(swap - limit));
}

}  // namespace

Result<Writes> memory_writes(const oci::MemoryResources& memory, const std::string& pointer) {
  TRY(refuse_without_equivalent(memory, pointer));
  Writes writes;
  if (const std::optional<std::string> swap = TRY(swap_max(memory, pointer))) {
    // A kernel without swap accounting has no swap to forbid and none to limit.
    const bool needs_no_file = *swap == "max" || *swap == "0";
    writes.push_back({.controller = "memory",
                      .file = "memory.swap.max",
                      .value = *swap,
                      .pointer = pointer + "/swap",
                      .on_missing = needs_no_file ? OnMissing::skip : OnMissing::error});
  }
  if (memory.limit.value_or(0) != 0) {
    writes.push_back({.controller = "memory",
                      .file = "memory.max",
                      .value = max_or_number(*memory.limit),
                      .pointer = pointer + "/limit"});
  }
  if (memory.reservation.value_or(0) != 0) {
    writes.push_back({.controller = "memory",
                      .file = "memory.low",
                      .value = max_or_number(*memory.reservation),
                      .pointer = pointer + "/reservation"});
  }
  return writes;
}

}  // namespace myrt::cgroups::v2
