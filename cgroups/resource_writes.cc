#include <iterator>
#include <utility>

#include "cgroups/plan.h"
#include "cgroups/resource_values.h"
#include "cgroups/v1/resources.h"
#include "cgroups/v2/resources.h"

namespace myrt::cgroups {
namespace {

void append(Writes& to, Writes more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// Kernel memory limits are NOT RECOMMENDED by the spec and gone from the kernel (5.16), and cgroup
// v2 counts TCP buffers with the rest; engines still send them, so they are told about rather than
// refused (CME-05).
std::vector<std::string> kernel_memory_warnings(const oci::Resources& resources,
                                                const std::string& pointer, Mode mode) {
  std::vector<std::string> warnings;
  if (!resources.memory) return warnings;
  if (resources.memory->kernel.value_or(0) != 0) {
    warnings.push_back(pointer + "/memory/kernel: kernel memory limits have no effect");
  }
  if (mode == Mode::v2 && resources.memory->kernel_tcp.value_or(0) != 0) {
    warnings.push_back(pointer + "/memory/kernelTCP: kernel memory limits have no effect");
  }
  return warnings;
}

}  // namespace

Result<ResourceWrites> v1_writes(const oci::Resources& resources, const std::string& pointer) {
  if (!resources.unified.empty()) {
    Error refused =
        config_error(pointer + "/unified", "invalid configuration: this host has cgroup v1");
    refused.code = ErrorCode::unsupported;
    return refused;
  }
  ResourceWrites result;
  result.warnings = kernel_memory_warnings(resources, pointer, Mode::v1);
  const std::string cpu = pointer + "/cpu";
  if (resources.cpu) {
    append(result.before_join, cpuset_writes(*resources.cpu, cpu));
    append(result.before_join, v1::realtime_writes(*resources.cpu, cpu));
    append(result.after_join, TRY(v1::cpu_writes(*resources.cpu, cpu)));
  }
  if (resources.memory) {
    append(result.after_join, TRY(v1::memory_writes(*resources.memory, pointer + "/memory")));
  }
  if (resources.block_io) {
    append(result.after_join, TRY(v1::blkio_writes(*resources.block_io, pointer + "/blockIO")));
  }
  append(result.after_join, TRY(hugetlb_writes(resources.hugepage_limits, "limit_in_bytes",
                                               pointer + "/hugepageLimits")));
  append(result.after_join, TRY(rdma_writes(resources, pointer)));
  if (resources.network) {
    append(result.after_join, TRY(v1::network_writes(*resources.network, pointer + "/network")));
  }
  if (resources.pids_limit) {
    append(result.after_join, v1::pids_writes(*resources.pids_limit, pointer + "/pids"));
  }
  return result;
}

Result<ResourceWrites> v2_writes(const oci::Resources& resources, const std::string& pointer) {
  ResourceWrites result;
  result.warnings = kernel_memory_warnings(resources, pointer, Mode::v2);
  if (resources.network && resources.network->class_id) {
    return config_error(pointer + "/network/classID", "cgroup v2 has no net_cls controller");
  }
  if (resources.network && !resources.network->priorities.empty()) {
    return config_error(pointer + "/network/priorities", "cgroup v2 has no net_prio controller");
  }
  const std::string cpu = pointer + "/cpu";
  if (resources.cpu) {
    append(result.before_join, cpuset_writes(*resources.cpu, cpu));
    append(result.after_join, TRY(v2::cpu_writes(*resources.cpu, cpu)));
  }
  if (resources.memory) {
    append(result.after_join, TRY(v2::memory_writes(*resources.memory, pointer + "/memory")));
  }
  if (resources.block_io) {
    append(result.after_join, TRY(v2::io_writes(*resources.block_io, pointer + "/blockIO")));
  }
  append(result.after_join,
         TRY(hugetlb_writes(resources.hugepage_limits, "max", pointer + "/hugepageLimits")));
  append(result.after_join, TRY(rdma_writes(resources, pointer)));
  if (resources.pids_limit) {
    append(result.after_join, v2::pids_writes(*resources.pids_limit, pointer + "/pids"));
  }
  // Last, so that it wins over the converted values (CUN-06).
  append(result.after_join, TRY(v2::unified_writes(resources, pointer)));
  return result;
}

}  // namespace myrt::cgroups
