// Everything that is decided before anything is made: the config, read and checked, and the plans
// that come of it.
#pragma once

#include <optional>
#include <string>

#include "oci-spec/spec.h"
#include "runtime/init/process_plan.h"
#include "runtime/myrt.h"
#include "runtime/plan/container_plan.h"
#include "sys/phases.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::container {

struct Blueprint {
  std::string config_json;  // as read; the copy in the state directory
  oci::Spec spec;
  plan::ContainerPlan plan;
  std::optional<init::ProcessPlan> process;  // nullopt: the config has none (OPS-08)
  sys::Procfs procfs;
  bool privileged = false;  // as in plan::Inputs
  sys::Phases phases;       // of the creation, up to where it is by now
};

// Reads the bundle and the host's facts. Makes nothing; errors leave no trace. Warnings go to
// context.warn.
Result<Blueprint> read_blueprint(const Context& context, const CreateOptions& options);

// The facts of this host that planning needs. Errors: unsupported; system.
Result<plan::Inputs> gather_inputs(const Context& context, const CreateOptions& options,
                                   const std::string& bundle, const oci::Spec& spec,
                                   const sys::Procfs& procfs);

// Those of `wanted` that a process in the container's namespaces can get.
Result<capabilities::Set> available_capabilities(bool own_user_namespace, capabilities::Set wanted);

// Tells of what the plan left out: its remarks only in debug messages, and as warnings with
// --strict, as the specification has it (DIFF-50).
void report_capabilities(const Context& context, const capabilities::Plan& plan);

// Refuses labels whose LSM is off on this host.
Result<> check_labels(const oci::Process& process, const std::string& base_pointer);

// Whether mounts of this config are to be labelled; asks the host only where there is a label.
Result<mounts::Selinux> selinux_for(const oci::Spec& spec);

// `path` made absolute by the working directory, lexically clean.
Result<std::string> absolute_path(const std::string& path);

}  // namespace myrt::container
