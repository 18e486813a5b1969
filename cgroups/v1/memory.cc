#include "cgroups/resource_values.h"
#include "cgroups/v1/resources.h"

namespace myrt::cgroups::v1 {
namespace {

Result<> check_swap(const oci::MemoryResources& memory, const std::string& pointer) {
  const std::int64_t limit = memory.limit.value_or(0);
  const std::int64_t swap = memory.swap.value_or(0);
  if (swap <= 0) return {};
  if (limit == 0) return config_error(pointer + "/swap", "a swap limit needs a memory limit");
  if (limit < 0 || swap < limit) {
    return config_error(pointer + "/swap",
                        fmt::format("`{}` is less than the memory limit `{}`", swap, limit));
  }
  return {};
}

std::string bytes(std::int64_t limit) { return fmt::to_string(limit < 0 ? -1 : limit); }

}  // namespace

Result<Writes> memory_writes(const oci::MemoryResources& memory, const std::string& pointer) {
  TRY(check_swap(memory, pointer));
  Writes writes;
  const auto add = [&](const char* file, std::string value, const char* field) {
    writes.push_back({.controller = "memory",
                      .file = file,
                      .value = std::move(value),
                      .pointer = fmt::format("{}/{}", pointer, field)});
    return &writes.back();
  };
  if (memory.use_hierarchy) {
    add("memory.use_hierarchy", *memory.use_hierarchy ? "1" : "0", "useHierarchy");
  }
  const std::int64_t limit = memory.limit.value_or(0);
  const std::int64_t swap =
      memory.swap.value_or(0) != 0 ? *memory.swap : (limit == -1 ? -1 : 0);  // CME-04
  // limit <= memsw must hold at each moment: one of the two orders works (CME-03).
  if (limit != 0) add("memory.limit_in_bytes", bytes(limit), "limit")->interdependent = true;
  if (swap != 0) {
    Write* write = add("memory.memsw.limit_in_bytes", bytes(swap), "swap");
    write->interdependent = true;
    if (swap < 0) write->on_missing = OnMissing::skip;
  }
  if (memory.reservation.value_or(0) != 0) {
    add("memory.soft_limit_in_bytes", bytes(*memory.reservation), "reservation");
  }
  if (memory.kernel_tcp.value_or(0) != 0) {
    add("memory.kmem.tcp.limit_in_bytes", bytes(*memory.kernel_tcp), "kernelTCP");
  }
  if (memory.swappiness) {
    if (*memory.swappiness > 100) {
      return config_error(pointer + "/swappiness",
                          fmt::format("expected 0 to 100, got `{}`", *memory.swappiness));
    }
    add("memory.swappiness", fmt::to_string(*memory.swappiness), "swappiness");
  }
  if (memory.disable_oom_killer.value_or(false)) {
    add("memory.oom_control", "1", "disableOOMKiller");
  }
  return writes;
}

}  // namespace myrt::cgroups::v1
