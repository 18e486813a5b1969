// process.execCPUAffinity: the CPUs of a process added by exec (AFF-01: never of init).
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

// sched_setaffinity(2) of `pid` (0: this process) with a mask of any size. An empty mask does
// nothing. Errors: system.
Result<> set_cpu_affinity(pid_t pid, const IndexMask& mask);

// This process, once it is in its cgroup, may run on every CPU that the cgroup has: what the
// runtime was bound to is not the container's (runc and crun do the same). Errors: system.
Result<> reset_cpu_affinity();

}  // namespace myrt::init
