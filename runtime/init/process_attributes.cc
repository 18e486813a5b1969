// The effectful half of process_attributes.h.
#include "runtime/init/process_attributes.h"

#include <fmt/format.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

namespace myrt::init {
namespace {

constexpr int kIoPriorityOfProcessGroup = 2;  // IOPRIO_WHO_PGRP

// sched_setattr(2): EPERM also for a deadline where the CPUs are not all of the system's.
constexpr std::uint32_t kSchedDeadline = 6;

}  // namespace

Result<> apply_rlimits(const ProcessAttributes& attributes) {
  for (const RlimitSetting& setting : attributes.rlimits) {
    const rlimit limit = {.rlim_cur = setting.soft, .rlim_max = setting.hard};
    // glibc's setrlimit does not know the C++ type of an int resource.
    if (::syscall(SYS_prlimit64, 0, setting.resource, &limit, nullptr) != 0) {
      const int error = errno;
      return Result<>(errno_error(
                          "prlimit",
                          fmt::format("set {} to {}:{}", setting.type, setting.soft, setting.hard),
                          error))
          .at(setting.pointer);
    }
  }
  return {};
}

Result<> write_oom_score_adj(const sys::Procfs& procfs, const ProcessAttributes& attributes) {
  if (!attributes.oom_score_adj) return {};
  return procfs.write("self/oom_score_adj", fmt::format("{}", *attributes.oom_score_adj))
      .at("/process/oomScoreAdj");
}

Result<> apply_scheduler(const ProcessAttributes& attributes) {
  if (!attributes.scheduler) return {};
  if (::syscall(SYS_sched_setattr, 0, &*attributes.scheduler, 0U) != 0) {
    const int error = errno;
    std::string what = fmt::format("set scheduling policy {} with nice {}, priority {}",
                                   attributes.scheduler->policy, attributes.scheduler->nice,
                                   attributes.scheduler->priority);
    if (error == EPERM && attributes.scheduler->policy == kSchedDeadline) {
      what += " (process scheduler can't be used together with AllowedCPUs)";
    }
    return Result<>(errno_error("sched_setattr", what, error)).at("/process/scheduler");
  }
  return {};
}

Result<> apply_io_priority(const ProcessAttributes& attributes) {
  if (!attributes.io_priority) return {};
  if (::syscall(SYS_ioprio_set, kIoPriorityOfProcessGroup, 0, *attributes.io_priority) != 0) {
    return Result<>(errno_error("ioprio_set", "set io priority")).at("/process/ioPriority");
  }
  return {};
}

Result<> apply_personality(const ProcessAttributes& attributes) {
  if (!attributes.personality) return {};
  if (::personality(*attributes.personality) < 0) {
    return Result<>(errno_error("personality", "set personality")).at("/linux/personality");
  }
  return {};
}

Result<> apply_memory_policy(const ProcessAttributes& attributes) {
  if (!attributes.memory_policy) return {};
  const MemoryPolicySetting& policy = *attributes.memory_policy;
  // The kernel reads one bit less than it is told of.
  const unsigned long bits =
      policy.nodes.empty() ? 0 : policy.nodes.size() * sizeof(policy.nodes[0]) * CHAR_BIT + 1;
  const unsigned long* nodes = policy.nodes.empty() ? nullptr : policy.nodes.data();
  if (::syscall(SYS_set_mempolicy, policy.mode, nodes, bits) != 0) {
    const int error = errno;
    return Result<>(
               errno_error("set_mempolicy",
                           fmt::format("set memory policy for nodes `{}`", to_string(policy.nodes)),
                           error))
        .at("/linux/memoryPolicy");
  }
  return {};
}

void set_umask(const ProcessAttributes& attributes) {
  if (attributes.umask) ::umask(*attributes.umask);
}

}  // namespace myrt::init
