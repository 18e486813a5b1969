#include "runtime/init/process_plan.h"

namespace myrt::init {

Result<ProcessPlan> plan_process(const oci::Process& process,
                                 const std::optional<oci::Linux>& linux,
                                 capabilities::Plan capabilities) {
  ProcessPlan plan;
  plan.process = process;
  plan.capabilities = std::move(capabilities);
  plan.attributes = TRY(plan_attributes(process, linux));
  if (linux && linux->seccomp) {
    plan.filter = TRY(seccomp::compile(*linux->seccomp).in_phase(Phase::seccomp));
    if (!process.no_new_privileges) plan.extra_until_exec = capabilities::bit(CAP_SYS_ADMIN);
  }
  return plan;
}

}  // namespace myrt::init
