// What a process added by exec is: the caller's document or the container's own with overrides.
#pragma once

#include "oci-spec/spec.h"
#include "runtime/container/caller_io.h"
#include "runtime/container/status.h"
#include "runtime/init/process_plan.h"
#include "runtime/init/process_setup.h"
#include "runtime/myrt.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::container {

// The config of the container as it was created. Errors: system; internal for a damaged copy.
Result<oci::Spec> load_container_spec(const Container& container);

// "UID[:GID]", both decimal and whole (CVE-2026-30892). Pure. Errors: invalid_argument.
Result<oci::User> parse_user(std::string_view text, const oci::User& base);

// The options on top of --process, or of the container's process. Pure. Errors: invalid_argument;
// invalid_config.
Result<oci::Process> exec_process(const ExecOptions& options, const oci::Spec& spec);

Result<init::ProcessPlan> plan_exec(const Context& context, const ExecOptions& options,
                                    const oci::Spec& spec, const ContainerState& state);

// linux.seccomp.listenerPath if the plan's filter notifies, else "".
std::string listener_path(const oci::Spec& spec, const init::ProcessPlan& plan);

init::ProcessContext exec_context(const ExecOptions& options, const oci::Spec& spec,
                                  const Container& container, const init::ProcessPlan& plan,
                                  const sys::Procfs& procfs, const CallerSockets& sockets);

}  // namespace myrt::container
