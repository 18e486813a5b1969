// `delete`: the end of a container, undoing what create made.
#include "runtime/container/remove.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <algorithm>
#include <csignal>

#include "cgroups/existing.h"
#include "oci-spec/parse.h"
#include "runtime/container/caller_io.h"
#include "runtime/container/hook_output.h"
#include "runtime/container/signal_processes.h"
#include "sys/files.h"
#include "sys/mount_api.h"

namespace myrt {
namespace container {
namespace {

// Mounts of a container without a mount namespace of its own; the last one first. They may be gone
// already.
Result<> remove_host_mounts(const std::vector<std::string>& targets) {
  for (auto target = targets.rbegin(); target != targets.rend(); ++target) {
    auto unmounted = sys::umount(*target, MNT_DETACH | UMOUNT_NOFOLLOW);
    const int error = unmounted.ok() ? 0 : unmounted.error().errno_value;
    if (error != 0 && error != EINVAL && error != ENOENT) return unmounted;
  }
  return {};
}

// Those that were only planned: one that has tasks is another's, as our init is dead.
bool is_ours(const std::string& group, const ContainerState& state) {
  if (state.rdt_class) return true;
  const auto tasks = sys::read_file(group + "/tasks");
  return tasks.ok() && tasks->empty();
}

Result<> remove_resctrl_groups(const ContainerState& state) {
  for (auto group = state.resctrl_groups.rbegin(); group != state.resctrl_groups.rend(); ++group) {
    if (!is_ours(*group, state)) continue;
    if (::rmdir(group->c_str()) != 0 && errno != ENOENT) {
      return errno_error("rmdir", fmt::format("remove `{}`", *group));
    }
  }
  return {};
}

// With init gone, its cgroup is usually empty, and to remove it is all that there is to do; but a
// unit has to be stopped, or systemd knows its name a while longer.
bool removed_as_empty(const ContainerState& state) {
  return !state.cgroup.unit && state.found_cgroups.empty() && !state.former_cgroup &&
         cgroups::remove_empty(state.cgroup);
}

Result<> remove_cgroups(const ContainerState& state) {
  TRY(cgroups::remove_made(state.cgroup, state.found_cgroups).in_phase(Phase::remove));
  if (!state.former_cgroup) return {};
  TRY(cgroups::kill_all(*state.former_cgroup, SIGKILL).in_phase(Phase::signal));
  return cgroups::remove_made(*state.former_cgroup, state.found_cgroups).in_phase(Phase::remove);
}

// No process of the container was ever in these cgroups, so that one with processes is another's.
// Nor is one with cgroups in it; an empty one that somebody made beforehand goes as well.
Result<> remove_planned_cgroups(const cgroups::Location& planned) {
  if (!planned.unit) {
    cgroups::remove_empty(planned);
    return {};
  }
  if (!TRY(cgroups::processes(planned)).empty()) return {};
  return cgroups::remove(planned);
}

bool is_there(const std::string& path) { return sys::exists_at(AT_FDCWD, path); }

}  // namespace

Result<std::vector<oci::Hook>> load_poststop_hooks(const Container& container) {
  if (!container.state.poststop_hooks || !container.state.claimed) return std::vector<oci::Hook>();
  auto parsed = oci::parse_spec(TRY(container.directory.load_config()));
  return std::move(parsed.value.hooks.poststop);
}

std::vector<Leftover> leftovers(const Container& container) {
  const ContainerState& state = container.state;
  std::vector<Leftover> found;
  const auto add = [&](const char* kind, const std::string& name) {
    found.push_back({kind, name});
  };
  if (container.init_pidfd.valid()) add("process", fmt::format("{}", state.pid));
  if (state.cgroup.unit) add("unit", state.cgroup.unit->name);
  for (const auto& [controllers, directory] : state.cgroup.directories) {
    if (is_there(directory)) add("cgroup", directory);
  }
  if (state.claimed) {
    for (const std::string& mount : state.host_mounts) add("mount", mount);
    for (const std::string& group : state.resctrl_groups) {
      if (is_there(group) && is_ours(group, state)) add("resctrl group", group);
    }
    if (was_never_started(container) && is_there(state.pid_file)) add("pid file", state.pid_file);
  }
  add("state directory", state.id);
  return found;
}

void run_poststop(const Context& context, const std::vector<oci::Hook>& hooks,
                  const oci::State& state) {
  for (const oci::Hook& hook : hooks) {
    const auto result = run_hooks("poststop", {hook}, state);
    if (!result.ok()) context.warn(result.error().message);
  }
}

Result<> destroy(const Context& context, Container& container,
                 const std::vector<oci::Hook>& poststop) {
  const ContainerState& state = container.state;
  if (!state.claimed) {
    TRY(remove_planned_cgroups(state.cgroup).in_phase(Phase::remove));
    return container.directory.remove().in_phase(Phase::remove);
  }
  if (!state.pid_file.empty() && was_never_started(container)) {
    remove_pid_file(state.pid_file, state.pid);
  }
  const bool cgroup_gone = !container.init_pidfd.valid() && removed_as_empty(state);
  if (!cgroup_gone) TRY(kill_everything(container));
  TRY(remove_host_mounts(state.host_mounts).in_phase(Phase::remove));
  TRY(remove_resctrl_groups(state).in_phase(Phase::remove));
  if (!cgroup_gone) TRY(remove_cgroups(state));
  TRY(container.directory.remove().in_phase(Phase::remove));
  container.status = oci::Status::stopped;
  run_poststop(context, poststop, container.oci_state());
  return {};
}

}  // namespace container

namespace {

// OPS-17 wants a created container refused; runc and crun delete it, and Buildah depends on that.
bool may_delete(oci::Status status, Strictness strictness) {
  if (status == oci::Status::stopped) return true;
  return status == oci::Status::created && strictness == Strictness::peers;
}

}  // namespace

Result<> remove(const Context& context, const DeleteOptions& options) {
  const bool force = options.force == Switch::on;
  auto found = container::find(context.root, options.id, container::Lock::exclusive);
  if (!found.ok()) {
    if (force && found.error().code == ErrorCode::not_found) return {};
    return std::move(found).error();
  }
  container::Container container = TRY(std::move(found));
  if (!force && !may_delete(container.status, context.strictness)) {
    return make_error(ErrorCode::wrong_status,
                      fmt::format("cannot delete container {} that is not stopped: {}", options.id,
                                  to_string(container.status)));
  }
  auto poststop = container::load_poststop_hooks(container);
  if (!poststop.ok()) {
    if (!force) return std::move(poststop).error();
    context.warn(fmt::format("container `{}`: {}", options.id, poststop.error().message));
    poststop = std::vector<oci::Hook>();
  }
  return container::destroy(context, container, *poststop);
}

}  // namespace myrt
