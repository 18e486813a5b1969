// `kill`: a signal to init, or to everything in the container's cgroup.
#include <csignal>

#include "cgroups/existing.h"
#include "runtime/container/signal_processes.h"
#include "runtime/container/status.h"
#include "runtime/init/stuck.h"
#include "runtime/myrt.h"
#include "sys/process.h"
#include "sys/procfs.h"

namespace myrt {
namespace container {
namespace {

constexpr std::chrono::seconds kExitBound{10};

Error will_not_die(const Container& container) {
  const Error error =
      make_error(ErrorCode::timeout,
                 fmt::format("init did not exit within {} s of SIGKILL", kExitBound.count()));
  return init::explain_timeout(error, container.state.pid, container.state.cgroup);
}

}  // namespace

Result<> kill_everything(const Container& container) {
  if (container.init_pidfd.valid()) {
    // Its whole pid namespace goes with it; the cgroup catches what shares a pid namespace with
    // others (NSP-11).
    ignore(sys::pidfd_send_signal(container.init_pidfd.get(), SIGKILL), "it may just have exited");
  }
  TRY(cgroups::kill_all(container.state.cgroup, SIGKILL).in_phase(Phase::signal));
  if (!container.init_pidfd.valid()) return {};
  if (!TRY(sys::wait_for_exit(container.init_pidfd.get(), kExitBound))) {
    return will_not_die(container);
  }
  return {};
}

}  // namespace container

namespace {

constexpr const char* kStopSignal = "org.opencontainers.image.stopSignal";

// An annotation that names no signal is the image author's mistake and not the caller's: a warning.
int stop_signal(const Context& context, const std::map<std::string, std::string>& annotations) {
  const auto named = annotations.find(kStopSignal);
  if (named == annotations.end() || named->second.empty()) return SIGTERM;
  const auto signal = sys::parse_signal(named->second);
  if (signal.ok()) return signal.value();
  context.warn(fmt::format("annotation {}: {}", kStopSignal, signal.error().message));
  return SIGTERM;
}

}  // namespace

Result<> kill(const Context& context, const KillOptions& options) {
  const auto found = TRY(container::find(context.root, options.id, container::Lock::none));
  const bool alive = found.init_pidfd.valid();
  const int signal =
      options.signal ? *options.signal : stop_signal(context, found.state.annotations);
  // The kernel ends the rest of a pid namespace with its init. Where init is not that, because the
  // namespace is the host's or another container's, nobody does.
  const bool reaches_all =
      options.all == Switch::on || (signal == SIGKILL && !found.state.own_pids);
  if (reaches_all && !found.state.cgroup.directories.empty()) {
    // Also when init is dead: processes of a shared pid namespace may be left (contract §0.7).
    return cgroups::kill_all(found.state.cgroup, signal).in_phase(Phase::signal);
  }
  if (!alive) {
    if (reaches_all) return {};
    return make_error(ErrorCode::wrong_status, "container not running");
  }
  auto sent = sys::pidfd_send_signal(found.init_pidfd.get(), signal);
  if (!sent.ok() && sent.error().errno_value == ESRCH) {
    return make_error(ErrorCode::wrong_status, "container not running");
  }
  TRY(std::move(sent).in_phase(Phase::signal));
  // A frozen process cannot act on SIGKILL under cgroup v1; v2 kills it as it is.
  if (signal == SIGKILL && found.status == oci::Status::paused) {
    return cgroups::thaw(found.state.cgroup).in_phase(Phase::signal);
  }
  return {};
}

}  // namespace myrt
