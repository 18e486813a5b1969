// `pause`, `resume` and `ps`: the container's cgroup, frozen, thawed and listed.
#include "cgroups/existing.h"
#include "runtime/container/status.h"
#include "runtime/myrt.h"

namespace myrt {

Result<> pause(const Context& context, const std::string& id) {
  const auto found = TRY(container::find(context.root, id, container::Lock::exclusive));
  if (found.status != oci::Status::running && found.status != oci::Status::created) {
    return make_error(ErrorCode::wrong_status,
                      fmt::format("container not running or created: {}", to_string(found.status)));
  }
  return cgroups::freeze(found.state.cgroup).in_phase(Phase::cgroup);
}

Result<> resume(const Context& context, const std::string& id) {
  const auto found = TRY(container::find(context.root, id, container::Lock::exclusive));
  if (found.status != oci::Status::paused) {
    return make_error(ErrorCode::wrong_status, "container not paused");
  }
  return cgroups::thaw(found.state.cgroup).in_phase(Phase::cgroup);
}

Result<std::vector<pid_t>> ps(const Context& context, const std::string& id) {
  const auto found = TRY(container::find(context.root, id, container::Lock::none));
  return cgroups::processes(found.state.cgroup).in_phase(Phase::cgroup);
}

}  // namespace myrt
