// What a container process (init's program, or one added by exec) gets besides its namespaces:
// decided in the runtime process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capabilities/plan.h"
#include "oci-spec/spec.h"
#include "runtime/init/process_attributes.h"
#include "seccomp/compile.h"
#include "sys/result.h"

namespace myrt::init {

struct ProcessPlan {
  oci::Process process;
  capabilities::Plan capabilities;
  ProcessAttributes attributes;
  // CAP_SYS_ADMIN until execve, to load the filter where no_new_privs does not allow it.
  capabilities::Set extra_until_exec = 0;
  std::optional<seccomp::Program> filter;
};

// Pure but for the compiler of the filter. `available` as in capabilities::plan. Warnings are in
// `capabilities.warnings`.
Result<ProcessPlan> plan_process(const oci::Process& process,
                                 const std::optional<oci::Linux>& linux,
                                 capabilities::Plan capabilities);

}  // namespace myrt::init
