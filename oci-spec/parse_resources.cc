#include <limits>

#include "oci-spec/parse_sections.h"
#include "oci-spec/problem_text.h"

namespace myrt::oci {
namespace {

constexpr auto kInt64Max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
// Amounts for which -1 means "unlimited" and nothing else below zero has a meaning.
constexpr IntegerRange kLimit = {-1, kInt64Max};

// -1 is how older callers write "any" (absent in the spec).
void read_device_number(const JsonValue& json, std::string_view name,
                        std::optional<std::int64_t>& out) {
  json.optional_in(name, out, kLimit);
  if (out == -1) out.reset();
}

void read_block_device(const JsonValue& json, std::int64_t& major, std::int64_t& minor) {
  json.required_in("major", major, {0, kInt64Max});
  json.required_in("minor", minor, {0, kInt64Max});
}

}  // namespace

// NOLINTBEGIN(misc-use-anonymous-namespace): argument-dependent lookup has to find read_members.
static void read_members(const JsonValue& json, DeviceCgroupRule& rule) {
  json.required("allow", rule.allow);
  const auto type = json.member("type");
  if (type && type->expect(JsonKind::string) && type->size() > 0) {
    constexpr std::string_view kTypes = "abc";
    if (type->size() == 1 && kTypes.find(type->text()) != std::string_view::npos) {
      rule.type = type->text().front();
    } else {
      type->report("expected device type a, c or b, got " + quoted(type->text()));
    }
  }
  read_device_number(json, "major", rule.major);
  read_device_number(json, "minor", rule.minor);
  json.optional("access", rule.access);
}

static void read_members(const JsonValue& json, MemoryResources& memory) {
  json.optional_in("limit", memory.limit, kLimit);
  json.optional_in("reservation", memory.reservation, kLimit);
  json.optional_in("swap", memory.swap, kLimit);
  json.optional_in("kernel", memory.kernel, kLimit);
  json.optional_in("kernelTCP", memory.kernel_tcp, kLimit);
  json.optional("swappiness", memory.swappiness);
  // (uint64)-1 is how callers that keep -1 for "not set" in a signed field write it.
  if (memory.swappiness == std::numeric_limits<std::uint64_t>::max()) memory.swappiness.reset();
  json.optional("disableOOMKiller", memory.disable_oom_killer);
  json.optional("useHierarchy", memory.use_hierarchy);
  json.optional("checkBeforeUpdate", memory.check_before_update);
}

static void read_members(const JsonValue& json, CpuResources& cpu) {
  json.optional("shares", cpu.shares);
  json.optional("quota", cpu.quota);
  json.optional("burst", cpu.burst);
  json.optional("period", cpu.period);
  json.optional("realtimeRuntime", cpu.realtime_runtime);
  json.optional("realtimePeriod", cpu.realtime_period);
  json.optional("cpus", cpu.cpus);
  json.optional("mems", cpu.mems);
  json.optional_in("idle", cpu.idle, {0, 1});  // CCP-06
}

static void read_members(const JsonValue& json, WeightDevice& device) {
  read_block_device(json, device.major, device.minor);
  json.optional("weight", device.weight);
  json.optional("leafWeight", device.leaf_weight);
}

static void read_members(const JsonValue& json, ThrottleDevice& device) {
  read_block_device(json, device.major, device.minor);
  json.required("rate", device.rate);
}

static void read_members(const JsonValue& json, BlockIoResources& block_io) {
  json.optional("weight", block_io.weight);
  json.optional("leafWeight", block_io.leaf_weight);
  json.optional("weightDevice", block_io.weight_device);
  json.optional("throttleReadBpsDevice", block_io.throttle_read_bps_device);
  json.optional("throttleWriteBpsDevice", block_io.throttle_write_bps_device);
  json.optional("throttleReadIOPSDevice", block_io.throttle_read_iops_device);
  json.optional("throttleWriteIOPSDevice", block_io.throttle_write_iops_device);
}

static void read_members(const JsonValue& json, HugepageLimit& limit) {
  json.required("pageSize", limit.page_size);
  json.required("limit", limit.limit);
}

static void read_members(const JsonValue& json, InterfacePriority& priority) {
  json.required("name", priority.name);
  json.required("priority", priority.priority);
}

static void read_members(const JsonValue& json, NetworkResources& network) {
  json.optional("classID", network.class_id);
  json.optional("priorities", network.priorities);
}

static void read_members(const JsonValue& json, RdmaLimit& limit) {
  json.optional("hcaHandles", limit.hca_handles);
  json.optional("hcaObjects", limit.hca_objects);
}
// NOLINTEND(misc-use-anonymous-namespace)

void read_members(const JsonValue& json, Resources& resources) {
  json.optional("devices", resources.devices);
  json.optional("memory", resources.memory);
  json.optional("cpu", resources.cpu);
  if (const auto pids = json.member("pids"); pids && pids->expect(JsonKind::object)) {
    pids->required_in("limit", resources.pids_limit, kLimit);
  }
  json.optional("blockIO", resources.block_io);
  json.optional("hugepageLimits", resources.hugepage_limits);
  json.optional("network", resources.network);
  json.optional("rdma", resources.rdma);
  // A std::map would lose the order of the file, in which the values are written.
  if (const auto unified = json.member("unified"); unified && unified->expect(JsonKind::object)) {
    unified->for_each_member([&resources](std::string_view key, const JsonValue& entry) {
      if (!expect_usable_key(entry, key)) return;
      read_value(entry, resources.unified.emplace_back(std::string(key), "").second);
    });
  }
}

}  // namespace myrt::oci
