#include <fmt/format.h>

#include "oci-spec/problem_text.h"
#include "oci-spec/rule_report.h"
#include "oci-spec/rule_syntax.h"

// A zero in a limit is how `update` documents say "leave as it is", so the rules below let it pass.
namespace myrt::oci {
namespace {

void check_devices(const std::vector<DeviceCgroupRule>& rules, const std::string& base,
                   RuleReport& report) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string& access = rules[i].access;
    // `a` in a rule that denies can only mean more; runc takes it.
    const std::string_view letters = rules[i].allow ? "rwm" : "rwma";
    if (access.find_first_not_of(letters) != std::string::npos) {  // CDV-04
      report.broken(fmt::format("{}/{}/access", base, i),
                    "expected letters of `rwm`, got " + quoted(access));
    }
  }
}

void check_memory(const MemoryResources& memory, const std::string& base, RuleReport& report) {
  const std::int64_t limit = memory.limit.value_or(0);
  const std::int64_t swap = memory.swap.value_or(0);
  if (swap > 0 && limit == -1) {
    report.broken(base + "/swap", "needs a memory limit", {base + "/limit"});
  } else if (swap > 0 && limit > 0 && swap < limit) {  // CME-03: it is memory and swap together
    report.broken(base + "/swap", fmt::format("{} is below the memory limit {}", swap, limit),
                  {base + "/limit"});
  }
  if (memory.swappiness && *memory.swappiness > 100) {  // CME-06
    report.broken(base + "/swappiness",
                  expected_integer(0, 100, std::to_string(*memory.swappiness)));
  }
}

void check_cpu(const CpuResources& cpu, const std::string& base, RuleReport& report) {
  const std::int64_t quota = cpu.quota.value_or(0);
  if (cpu.burst && quota > 0 && *cpu.burst > static_cast<std::uint64_t>(quota)) {  // CCP-03
    report.broken(base + "/burst", fmt::format("{} is above the quota {}", *cpu.burst, quota),
                  {base + "/quota"});
  }
  if (cpu.idle && *cpu.idle != 0 && *cpu.idle != 1) {  // CCP-06
    report.broken(base + "/idle", expected_integer(0, 1, std::to_string(*cpu.idle)));
  }
}

void check_weight(const std::optional<std::uint16_t>& weight, const std::string& pointer,
                  RuleReport& report) {
  if (!weight || *weight == 0 || (*weight >= 10 && *weight <= 1000)) return;  // CBI-01
  report.broken(pointer, expected_integer(10, 1000, std::to_string(*weight)));
}

void check_block_io(const BlockIoResources& block_io, const std::string& base, RuleReport& report) {
  check_weight(block_io.weight, base + "/weight", report);
  check_weight(block_io.leaf_weight, base + "/leafWeight", report);
  for (std::size_t i = 0; i < block_io.weight_device.size(); ++i) {
    const WeightDevice& device = block_io.weight_device[i];
    const std::string pointer = fmt::format("{}/weightDevice/{}", base, i);
    if (!device.weight && !device.leaf_weight) {  // CBI-03
      report.broken(pointer, "needs weight or leafWeight");
    }
    check_weight(device.weight, pointer + "/weight", report);
    check_weight(device.leaf_weight, pointer + "/leafWeight", report);
  }
}

void check_hugepages(const std::vector<HugepageLimit>& limits, const std::string& base,
                     RuleReport& report) {
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (is_page_size(limits[i].page_size)) continue;
    report.broken(
        fmt::format("{}/{}/pageSize", base, i),
        "expected a page size such as 64KB, 2MB or 1GB, got " + quoted(limits[i].page_size));
  }
}

void check_network(const NetworkResources& network, const std::string& base, RuleReport& report) {
  for (std::size_t i = 0; i < network.priorities.size(); ++i) {
    const std::string& name = network.priorities[i].name;
    if (is_interface_name(name)) continue;  // a blank would end the name in net_prio.ifpriomap
    report.broken(fmt::format("{}/priorities/{}/name", base, i),
                  "expected a network interface's name, got " + quoted(name));
  }
}

// One line of rdma.max is "device key=value ...", so a device's name has no blanks.
void check_rdma(const std::map<std::string, RdmaLimit>& limits, const std::string& base,
                RuleReport& report) {
  for (const auto& [device, limit] : limits) {
    const std::string pointer = base + "/" + pointer_token(device);
    if (device.empty() || device.find_first_of(" \t\n\r") != std::string::npos) {
      report.broken(pointer, "expected a device's name, got " + quoted(device));
    } else if (!limit.hca_handles && !limit.hca_objects) {  // CRD-01
      report.broken(pointer, "needs hcaHandles or hcaObjects");
    }
  }
}

void check_unified(const std::vector<std::pair<std::string, std::string>>& files,
                   const std::string& base, RuleReport& report) {
  for (const auto& [file, value] : files) {
    if (!file.empty() && file != "." && file != ".." && file.find('/') == std::string::npos) {
      continue;
    }
    report.broken(base + "/" + pointer_token(file),  // CUN-03
                  "expected the name of a file in the cgroup, got " + quoted(file));
  }
}

}  // namespace

void check_resources(const Resources& resources, const std::string& base, RuleReport& report) {
  check_devices(resources.devices, base + "/devices", report);
  if (resources.memory) check_memory(*resources.memory, base + "/memory", report);
  if (resources.cpu) check_cpu(*resources.cpu, base + "/cpu", report);
  if (resources.block_io) check_block_io(*resources.block_io, base + "/blockIO", report);
  check_hugepages(resources.hugepage_limits, base + "/hugepageLimits", report);
  if (resources.network) check_network(*resources.network, base + "/network", report);
  check_rdma(resources.rdma, base + "/rdma", report);
  check_unified(resources.unified, base + "/unified", report);
}

}  // namespace myrt::oci
