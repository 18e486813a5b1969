#include "runtime/container/container_cgroup.h"

#include <unistd.h>

#include <optional>

#include "cgroups/ownership.h"

namespace myrt::container {
namespace {

// The host's id of the user that the container's process will be (CGO-01); nullopt when it is not
// mapped.
std::optional<uid_t> host_uid(const Blueprint& blueprint) {
  const uid_t uid = blueprint.spec.process ? blueprint.spec.process->user.uid : 0;
  const auto& mappings = blueprint.plan.namespaces.uid_mappings;
  if (mappings.empty()) return uid;
  for (const oci::IdMapping& mapping : mappings) {
    if (uid >= mapping.container_id && uid - mapping.container_id < mapping.size) {
      return mapping.host_id + (uid - mapping.container_id);
    }
  }
  return std::nullopt;
}

}  // namespace

Result<cgroups::Cgroup> make_cgroup(const Blueprint& blueprint) {
  const plan::ContainerPlan& plan = blueprint.plan;
  if (!plan.cgroup) return cgroups::Cgroup();
  cgroups::Cgroup cgroup = TRY(cgroups::Cgroup::create(*plan.cgroup));
  TRY(cgroup.apply_before_join());
  const auto owner = host_uid(blueprint);
  if (owner && cgroups::gives_ownership(blueprint.spec, plan.cgroup->mode) &&
      *owner != ::geteuid()) {
    TRY(cgroups::give_ownership(cgroup.clone_fd(), *owner));
  }
  return cgroup;
}

Result<> claim(const cgroups::Cgroup& cgroup, ContainerState& state, StateDirectory& directory) {
  ContainerState actual = state;
  actual.cgroup = cgroup.location();
  actual.found_cgroups = cgroup.found();
  TRY(directory.claim(state, actual).in_phase(Phase::state));
  state = std::move(actual);
  return {};
}

}  // namespace myrt::container
