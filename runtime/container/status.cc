#include "runtime/container/status.h"

#include "cgroups/existing.h"
#include "runtime/init/start_gate.h"
#include "sys/files.h"
#include "sys/process.h"

namespace myrt::container {
namespace {

Result<Facts> observe(StateDirectory& directory, const ContainerState& state,
                      const sys::UniqueFd& init_pidfd, Lock lock) {
  Facts facts;
  facts.init_alive = init_pidfd.valid();
  if (state.pid == 0) {
    facts.being_created = lock == Lock::none && !directory.try_lock();
    return facts;
  }
  if (!facts.init_alive) return facts;
  facts.at_start_gate = TRY(init::is_waiting(directory.fd()));
  facts.frozen = TRY(cgroups::is_frozen(state.cgroup));
  return facts;
}

}  // namespace

oci::Status derive_status(const Facts& facts) {
  if (facts.being_created) return oci::Status::creating;
  if (!facts.init_alive) return oci::Status::stopped;
  if (facts.frozen) return oci::Status::paused;
  return facts.at_start_gate ? oci::Status::created : oci::Status::running;
}

oci::State Container::oci_state() const {
  return container::oci_state(state, status, status == oci::Status::stopped ? 0 : state.pid);
}

bool is_init(const sys::ProcessStat& process, const ContainerState& state) {
  return process.start_time_ticks == state.start_time_ticks && process.state != 'Z' &&
         process.state != 'X';
}

Result<sys::UniqueFd> open_init(const ContainerState& state) {
  if (state.pid == 0) return sys::UniqueFd();
  auto pidfd = sys::pidfd_open(state.pid);
  if (!pidfd.ok()) {
    if (pidfd.error().errno_value == ESRCH) return sys::UniqueFd();
    return std::move(pidfd).error();
  }
  // The pidfd pins the pid, so what /proc says after it was opened is about this very process.
  const auto stat = TRY(sys::read_process_stat(state.pid));
  return stat && is_init(*stat, state) ? TRY(std::move(pidfd)) : sys::UniqueFd();
}

namespace {

Result<Container> find_in(StateDirectory directory, const std::string& id, Lock lock) {
  Container container{std::move(directory), {}, oci::Status::stopped, {}};
  auto state = container.directory.load();
  if (state.ok()) {
    container.state = TRY(std::move(state));
  } else if (state.error().errno_value == ENOENT) {
    container.state.id = id;  // killed before it wrote anything down, or not that far yet
    container.state.claimed = false;
  } else {
    return std::move(state).error();
  }
  container.init_pidfd = TRY(open_init(container.state));
  const Facts facts =
      TRY(observe(container.directory, container.state, container.init_pidfd, lock));
  container.status = derive_status(facts);
  return container;
}

}  // namespace

Result<Container> find(const std::string& root, const std::string& id, Lock lock) {
  return find_in(TRY(StateDirectory::open(root, id, lock).in_phase(Phase::state)), id, lock)
      .in_phase(Phase::state);
}

Result<std::optional<Container>> find_unattended(const std::string& root, const std::string& id) {
  auto directory = StateDirectory::open(root, id, Lock::none);
  if (!directory.ok()) {
    if (directory.error().code == ErrorCode::not_found) return std::optional<Container>();
    return std::move(directory).error();
  }
  if (!directory->try_lock() || !directory->is_linked()) return std::optional<Container>();
  return std::optional(TRY(find_in(TRY(std::move(directory)), id, Lock::exclusive)));
}

bool was_never_started(const Container& container) {
  return container.state.pid == 0 || sys::exists_at(container.directory.fd(), init::kStartGateName);
}

}  // namespace myrt::container
