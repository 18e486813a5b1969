// `effective`: what the kernel applies to a container, beside what its configuration asked for.
#include "oci-spec/parse.h"
#include "runtime/container/blueprint.h"
#include "runtime/inspection/comparison.h"
#include "runtime/myrt.h"
#include "sys/process.h"

namespace myrt {
namespace {

Result<container::Container> find_live(const Context& context, const std::string& id) {
  auto found = TRY(container::find(context.root, id, container::Lock::none));
  if (found.status == oci::Status::stopped || found.status == oci::Status::creating) {
    return make_error(ErrorCode::wrong_status,
                      fmt::format("container is {}", oci::to_string(found.status)));
  }
  return found;
}

Result<oci::Spec> config_of(const container::Container& found) {
  auto parsed = oci::parse_spec(TRY(found.directory.load_config()));
  if (!parsed.problems.empty()) return oci::to_error(parsed.problems);
  return std::move(parsed.value);
}

// What was planned when the container was created; this process has to be as privileged.
Result<plan::ContainerPlan> plan_again(const Context& context, const container::Container& found,
                                       const oci::Spec& spec, const sys::Procfs& procfs) {
  Context creator = context;
  creator.cgroup_manager = found.state.cgroup_manager;
  CreateOptions options;
  options.id = found.state.id;
  options.bundle = found.state.bundle;
  if (!found.state.pivoted) options.pivot = Switch::off;
  const auto inputs =
      TRY(container::gather_inputs(creator, options, found.state.bundle, spec, procfs));
  return plan::plan_container(spec, inputs);
}

Result<std::optional<init::ProcessPlan>> process_plan(const oci::Spec& spec,
                                                      const plan::ContainerPlan& plan) {
  if (!spec.process) return std::optional<init::ProcessPlan>();
  const auto wanted = capabilities::requested(spec.process->capabilities);
  const bool own = plan.namespaces.is_private(oci::NamespaceType::user);
  const auto available = TRY(container::available_capabilities(own, wanted));
  auto capabilities = TRY(capabilities::plan(spec.process->capabilities, available));
  return std::optional(TRY(init::plan_process(*spec.process, spec.linux, std::move(capabilities))));
}

Result<> compare_all(const inspection::Original& original, inspection::Comparison& comparison) {
  TRY(inspection::compare_namespaces(original, comparison));
  TRY(inspection::compare_process(original, comparison));
  TRY(inspection::compare_mounts(original, comparison));
  return inspection::compare_cgroup(original, comparison);
}

Result<Effective> compare(const Context& context, const std::string& id) {
  const container::Container found = TRY(find_live(context, id));
  const oci::Spec spec = TRY(config_of(found));
  const sys::Procfs procfs = TRY(sys::Procfs::open());
  const plan::ContainerPlan plan = TRY(plan_again(context, found, spec, procfs));
  const auto process = TRY(process_plan(spec, plan));
  const inspection::Original original{found, spec, plan, process, procfs};
  inspection::Comparison comparison;
  auto compared = compare_all(original, comparison);
  // What was read of a process that has ended meanwhile says nothing.
  const auto ended = sys::wait_for_exit(found.init_pidfd.get(), std::chrono::milliseconds(0));
  if (ended.ok() && *ended) {
    return make_error(ErrorCode::wrong_status, "container is stopped: it ended meanwhile");
  }
  TRY(std::move(compared));
  return Effective{found.oci_state(), comparison.take()};
}

}  // namespace

Result<Effective> effective(const Context& context, const std::string& id) {
  return compare(context, id).context(fmt::format("effective `{}`", id));
}

}  // namespace myrt
