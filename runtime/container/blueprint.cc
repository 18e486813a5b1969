#include "runtime/container/blueprint.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>

#include "capabilities/apply.h"
#include "cgroups/systemd/unit_jobs.h"
#include "oci-spec/parse.h"
#include "runtime/container/notify_socket.h"
#include "runtime/container/state_store.h"
#include "runtime/init/lsm_labels.h"
#include "sys/files.h"
#include "sys/host_facts.h"
#include "sys/paths.h"

namespace myrt::container {
namespace {

Result<oci::Spec> parse(const std::string& config_json) {
  auto parsed = oci::parse_spec(config_json);
  if (parsed.problems.empty()) return std::move(parsed.value);
  Error error = oci::to_error(parsed.problems);
  error.message.insert(0, "config.json: ");
  return error;
}

Result<std::optional<init::ProcessPlan>> plan_process(const oci::Spec& spec,
                                                      const plan::ContainerPlan& plan) {
  if (!spec.process) return std::optional<init::ProcessPlan>();
  TRY(check_labels(*spec.process, "/process"));
  const bool own_user_namespace = plan.namespaces.is_private(oci::NamespaceType::user);
  const auto wanted = capabilities::requested(spec.process->capabilities);
  const auto available = TRY(available_capabilities(own_user_namespace, wanted));
  auto capabilities = TRY(capabilities::plan(spec.process->capabilities, available));
  return std::optional(TRY(init::plan_process(*spec.process, spec.linux, std::move(capabilities))));
}

bool shows_cgroups(const oci::Spec& spec) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(), [](const oci::Mount& mount) {
    return mount.type == "cgroup" || mount.type == "cgroup2";
  });
}

void report(const Context& context, const Blueprint& blueprint) {
  for (const std::string& warning : blueprint.plan.warnings) context.warn(warning);
  if (blueprint.process) report_capabilities(context, blueprint.process->capabilities);
  if (context.debug) context.debug(plan::to_string(blueprint.plan));
}

}  // namespace

void report_capabilities(const Context& context, const capabilities::Plan& plan) {
  for (const std::string& warning : plan.warnings) context.warn(warning);
  const auto& tell = context.strictness == Strictness::spec ? context.warn : context.debug;
  if (!tell) return;
  for (const std::string& remark : plan.remarks) tell(remark);
}

Result<mounts::Selinux> selinux_for(const oci::Spec& spec) {
  if (!spec.linux || spec.linux->mount_label.empty()) return mounts::Selinux::off;  // nobody asks
  const sys::UniqueFd sysfs = TRY(sys::open("/sys", O_PATH | O_DIRECTORY));
  return init::selinux_enabled(sysfs.get()) ? mounts::Selinux::on : mounts::Selinux::off;
}

// The system's manager has its units in the root. A user's is asked where: the caller may be in
// any session.
Result<cgroups::SystemdHost> systemd_host(const Systemd& systemd) {
  const bool user = systemd.user == Switch::on;
  cgroups::SystemdHost host{
      .bus = systemd.bus, .root = {}, .default_slice = user ? "user.slice" : "system.slice"};
  if (user) {
    host.root = TRY(cgroups::systemd::control_group(
        TRY(cgroups::systemd::Connection::open(systemd.bus, cgroups::systemd::kBound))));
  }
  return host;
}

Result<plan::Inputs> gather_inputs(const Context& context, const CreateOptions& options,
                                   const std::string& bundle, const oci::Spec& spec,
                                   const sys::Procfs& procfs) {
  plan::Inputs inputs;
  inputs.id = options.id;
  inputs.bundle = bundle;
  inputs.privileged = ::geteuid() == 0;
  if (context.cgroup_manager != CgroupManager::disabled) {
    inputs.cgroup_host = TRY(cgroups::discover().in_phase(Phase::cgroup));
  } else if (shows_cgroups(spec)) {
    inputs.caller_cgroups = TRY(cgroups::discover().in_phase(Phase::cgroup));
  }
  if (context.cgroup_manager == CgroupManager::systemd) {
    inputs.systemd = TRY(systemd_host(context.systemd).in_phase(Phase::cgroup));
  }
  if (options.root_tree >= 0) inputs.root_tree = mounts::RootTree::given;
  if (options.pivot == Switch::off) inputs.root_switch = mounts::RootSwitch::move;
  if (!TRY(sys::in_initial_user_namespace(procfs))) {
    inputs.user_namespace = mounts::UserNamespace::own;
  }
  inputs.selinux = TRY(selinux_for(spec));
  return inputs;
}

Result<std::string> absolute_path(const std::string& path) {
  if (path.starts_with('/')) return sys::clean_absolute(path);
  char cwd[PATH_MAX];
  if (::getcwd(cwd, sizeof cwd) == nullptr) {
    return errno_error("getcwd", "find the working directory");
  }
  return sys::clean_absolute(fmt::format("{}/{}", cwd, path));
}

Result<capabilities::Set> available_capabilities(bool own_user_namespace,
                                                 capabilities::Set wanted) {
  if (own_user_namespace) return capabilities::kAllCapabilities;
  return capabilities::available(wanted);
}

Result<> check_labels(const oci::Process& process, const std::string& base_pointer) {
  if (process.apparmor_profile.empty() && process.selinux_label.empty()) return {};
  const sys::UniqueFd sysfs = TRY(sys::open("/sys", O_PATH | O_DIRECTORY));
  return init::check_lsm_support(process, sysfs.get(), base_pointer);
}

Result<Blueprint> read_blueprint(const Context& context, const CreateOptions& options) {
  TRY(validate_id(options.id).in_phase(Phase::arguments));
  sys::Phases phases(context.trace);
  phases.enter("parse");
  const std::string bundle = TRY(absolute_path(options.bundle).in_phase(Phase::arguments));
  const std::string config =
      options.config.starts_with('/') ? options.config : bundle + "/" + options.config;
  std::string config_json = TRY(sys::read_file(config).in_phase(Phase::parse));
  oci::Spec spec = TRY(parse(config_json).in_phase(Phase::parse));
  if (!options.notify_socket.empty()) {
    add_notify_socket(spec, fmt::format("{}/{}/{}", context.root, options.id, kNotifyDirectory));
  }
  phases.enter("plan");
  sys::Procfs procfs = TRY(sys::Procfs::open().in_phase(Phase::plan));
  const auto inputs =
      TRY(gather_inputs(context, options, bundle, spec, procfs).in_phase(Phase::plan));
  auto plan = TRY(plan::plan_container(spec, inputs).in_phase(Phase::plan));
  auto process = TRY(plan_process(spec, plan).in_phase(Phase::plan));
  Blueprint blueprint{std::move(config_json), std::move(spec),   std::move(plan),
                      std::move(process),     std::move(procfs), inputs.privileged,
                      std::move(phases)};
  report(context, blueprint);
  return blueprint;
}

}  // namespace myrt::container
