// The CPUs that a process may run on: process.execCPUAffinity of one added by exec (AFF-01: never
// of init), and of all others those of the cgroup.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "oci-spec/spec.h"
#include "runtime/init/index_list.h"
#include "sys/result.h"

namespace myrt::init {

struct CpuAffinityPlan {
  IndexMask initial;  // before the child enters the container's cgroup (AFF-02); empty: untouched
  IndexMask final_mask;  // after it has entered (AFF-03, AFF-04); empty: untouched
  bool operator==(const CpuAffinityPlan&) const = default;
};

// Pure. Errors: invalid_config at /process/execCPUAffinity/{initial,final}.
Result<CpuAffinityPlan> plan_cpu_affinity(const std::optional<oci::ExecCpuAffinity>& affinity);

// sched_getaffinity(2) of this process. Errors: system.
Result<IndexMask> own_cpu_affinity();

// Lets this process run on every CPU of its cgroup's cpuset: the affinity of whoever called the
// runtime is none of the container's business. Errors: system.
Result<> allow_all_cpus();

// sched_setaffinity(2) of `pid` (0: this process) with a mask of any size. An empty mask does
// nothing. Errors: system.
Result<> set_cpu_affinity(pid_t pid, const IndexMask& mask);

}  // namespace myrt::init
