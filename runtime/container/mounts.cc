// `mounts add` and `mounts remove`: mounts of a container that is already there.
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "mounts/sources.h"
#include "namespaces/open_namespace.h"
#include "runtime/container/blueprint.h"
#include "runtime/container/exec_process.h"
#include "runtime/container/status.h"
#include "runtime/init/hot_mounts.h"
#include "runtime/myrt.h"
#include "sys/files.h"
#include "sys/host_facts.h"
#include "sys/paths.h"

namespace myrt {
namespace container {
namespace {

Result<Container> find_live(const Context& context, const std::string& id) {
  auto found = TRY(find(context.root, id, Lock::exclusive));
  if (found.status == oci::Status::stopped || found.status == oci::Status::creating) {
    return make_error(ErrorCode::wrong_status, "container not running");
  }
  return found;
}

Result<init::HotMountContext> hot_mount_context(const Container& found, const sys::Procfs& procfs) {
  init::HotMountContext inside{.procfs = procfs,
                               .init_pidfd = found.init_pidfd.get(),
                               .namespaces = found.state.namespaces,
                               .root = {}};
  if (!found.state.pivoted) {
    inside.root = TRY(sys::open(fmt::format("/proc/{}/root", found.state.pid), O_PATH));
  }
  return inside;
}

Result<mounts::Plan> plan_mounts(const Context& context, const Container& found,
                                 const std::vector<oci::Mount>& mounts, const sys::Procfs& procfs) {
  const oci::Spec spec = TRY(load_container_spec(found));
  plan::Inputs inputs;
  inputs.id = found.state.id;
  inputs.bundle = found.state.bundle;
  inputs.privileged = ::geteuid() == 0;
  if (!TRY(sys::in_initial_user_namespace(procfs))) {
    inputs.user_namespace = mounts::UserNamespace::own;
  }
  inputs.selinux = TRY(selinux_for(spec));
  auto plan = TRY(plan::plan_hot_mounts(spec, mounts, inputs).in_phase(Phase::plan));
  for (const std::string& warning : plan.warnings) context.warn(warning);
  return plan;
}

// Opened on the host's side, with nothing of the container's on the way.
Result<mounts::Sources> open_sources(const Container& found, const mounts::Plan& plan,
                                     const sys::Procfs& procfs) {
  auto sources = TRY(mounts::open_sources(plan));
  sys::UniqueFd user_namespace;
  if (mounts::needs_container_user_namespace(plan)) {
    user_namespace =
        TRY(namespaces::open_namespace(procfs, found.state.pid, oci::NamespaceType::user));
  }
  TRY(mounts::apply_id_mappings(sources, plan, procfs, user_namespace.get()));
  return sources;
}

// Takes the newest mount that was added at each destination out of `added`; in the order in which
// they were added, since later ones may be mounted on earlier ones.
Result<std::vector<mounts::HotMount>> take_chosen(std::vector<mounts::HotMount>& added,
                                                  const std::vector<oci::Mount>& mounts) {
  std::vector<bool> is_chosen(added.size());
  for (const oci::Mount& mount : mounts) {
    const std::string destination = sys::clean_absolute(mount.destination);
    std::size_t i = added.size();
    while (i > 0 && (is_chosen[i - 1] || added[i - 1].destination != destination)) --i;
    if (i == 0) {
      return make_error(ErrorCode::not_found,
                        fmt::format("`{}` was not added by `mounts add`", destination));
    }
    is_chosen[i - 1] = true;
  }
  std::vector<mounts::HotMount> chosen;
  std::vector<mounts::HotMount> rest;
  for (std::size_t i = 0; i < added.size(); ++i) {
    (is_chosen[i] ? chosen : rest).push_back(std::move(added[i]));
  }
  added = std::move(rest);
  return chosen;
}

}  // namespace
}  // namespace container

Result<> add_mounts(const Context& context, const std::string& id,
                    const std::vector<oci::Mount>& mounts) {
  const auto steps = [&]() -> Result<> {
    auto found = TRY(container::find_live(context, id));
    const sys::Procfs procfs = TRY(sys::Procfs::open());
    const auto plan = TRY(container::plan_mounts(context, found, mounts, procfs));
    auto sources = TRY(container::open_sources(found, plan, procfs).in_phase(Phase::mount_sources));
    auto inside = TRY(container::hot_mount_context(found, procfs));
    const auto added = TRY(init::add_hot_mounts(inside, plan, sources));
    auto& known = found.state.hot_mounts;
    known.insert(known.end(), added.begin(), added.end());
    auto saved = found.directory.save(found.state).in_phase(Phase::state);
    if (!saved.ok()) {
      ignore(init::remove_hot_mounts(inside, added), "what cannot be recorded is what went wrong");
    }
    return saved;
  };
  return steps().context(fmt::format("add mounts to `{}`", id));
}

Result<> remove_mounts(const Context& context, const std::string& id,
                       const std::vector<oci::Mount>& mounts) {
  const auto steps = [&]() -> Result<> {
    auto found = TRY(container::find_live(context, id));
    const auto chosen = TRY(container::take_chosen(found.state.hot_mounts, mounts));
    const sys::Procfs procfs = TRY(sys::Procfs::open());
    auto inside = TRY(container::hot_mount_context(found, procfs));
    TRY(init::remove_hot_mounts(inside, chosen));
    return found.directory.save(found.state).in_phase(Phase::state);
  };
  return steps().context(fmt::format("remove mounts from `{}`", id));
}

}  // namespace myrt
