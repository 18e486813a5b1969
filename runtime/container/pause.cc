// `pause`, `resume` and `ps`: the container's cgroup, frozen, thawed and listed.
#include "cgroups/existing.h"
#include "runtime/container/status.h"
#include "runtime/myrt.h"

namespace myrt {
namespace {

// Also what a `pause` that was killed while it waited has left: that freezes when it can.
Result<bool> is_paused(const container::Container& found) {
  if (found.status == oci::Status::paused || found.status == oci::Status::stopped) {
    return found.status == oci::Status::paused;
  }
  return cgroups::is_freezing(found.state.cgroup).in_phase(Phase::cgroup);
}

}  // namespace

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
  if (!TRY(is_paused(found))) {
    return make_error(ErrorCode::wrong_status, "container not paused");
  }
  return cgroups::thaw(found.state.cgroup).in_phase(Phase::cgroup);
}

Result<std::vector<pid_t>> ps(const Context& context, const std::string& id) {
  const auto found = TRY(container::find(context.root, id, container::Lock::none));
  return cgroups::processes(found.state.cgroup).in_phase(Phase::cgroup);
}

}  // namespace myrt
