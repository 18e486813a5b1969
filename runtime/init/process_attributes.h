// Per-process kernel attributes of the container process: limits, OOM score, scheduling,
// personality and memory policy.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "oci-spec/spec.h"
#include "runtime/init/index_list.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::init {

struct RlimitSetting {
  std::string type;  // RLIMIT_*
  int resource = 0;
  std::uint64_t soft = 0, hard = 0;
  std::string pointer;  // "/process/rlimits/0"
  bool operator==(const RlimitSetting&) const = default;
};

// The kernel's struct sched_attr (sched_setattr(2)), version 2, field by field.
struct SchedulerAttributes {
  std::uint32_t size = 56;
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;  // ns
  std::uint32_t util_min = 0, util_max = 0;
  bool operator==(const SchedulerAttributes&) const = default;
};
static_assert(sizeof(SchedulerAttributes) == 56);

struct MemoryPolicySetting {
  int mode = 0;  // MPOL_* with MPOL_F_* or-ed in, as set_mempolicy(2) takes it
  IndexMask nodes;
  bool operator==(const MemoryPolicySetting&) const = default;
};

struct ProcessAttributes {
  std::vector<RlimitSetting> rlimits;
  std::optional<int> oom_score_adj;  // absent: left alone (PRC-12)
  std::optional<mode_t> umask;       // absent: the caller's (USR-02)
  std::optional<SchedulerAttributes> scheduler;
  std::optional<int> io_priority;  // IOPRIO_PRIO_VALUE(class, data)
  std::optional<unsigned long> personality;
  std::optional<MemoryPolicySetting> memory_policy;
  bool operator==(const ProcessAttributes&) const = default;
};

// Pure. Errors: invalid_config with the pointer of the field (RLM-01..04, SCH, IOP, PER, MPL).
Result<ProcessAttributes> plan_attributes(const oci::Process& process,
                                          const std::optional<oci::Linux>& linux);
// One line per attribute that is set; empty when none is.
std::string to_string(const ProcessAttributes& attributes);

// For `features`.
std::vector<std::string> memory_policy_modes();
std::vector<std::string> memory_policy_flags();

// All below run in init and do nothing for an absent attribute. Their errors carry the pointer of
// the field.

// While init still has the runtime's capabilities: CAP_SYS_RESOURCE raises hard limits. Before the
// other resources are used up by the program, after everything that init itself needs.
Result<> apply_rlimits(const ProcessAttributes& attributes);
// Before the user switch and before init stops being dumpable for its own /proc files.
Result<> write_oom_score_adj(const sys::Procfs& procfs, const ProcessAttributes& attributes);
// In the container's cgroup and before capabilities go (SCH-06, IOP-03): real-time classes need
// CAP_SYS_NICE and the cgroup's real-time budget.
Result<> apply_scheduler(const ProcessAttributes& attributes);
Result<> apply_io_priority(const ProcessAttributes& attributes);
// At any point before exec, which keeps both. The policy also rules init's own page faults.
Result<> apply_personality(const ProcessAttributes& attributes);
Result<> apply_memory_policy(const ProcessAttributes& attributes);
// Last of all file-making steps: the mask would bite into init's own modes.
void set_umask(const ProcessAttributes& attributes);

}  // namespace myrt::init
