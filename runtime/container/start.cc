// `start`: lets a created container's init execute the user program.
#include "runtime/container/start.h"

#include <unistd.h>

#include "oci-spec/parse.h"
#include "runtime/container/hook_output.h"
#include "runtime/container/notify_socket.h"
#include "runtime/container/remove.h"
#include "runtime/container/status.h"
#include "runtime/init/start_gate.h"
#include "runtime/init/stuck.h"
#include "sys/process.h"

namespace myrt {
namespace container {
namespace {

Error not_startable(oci::Status status) {
  if (status == oci::Status::stopped) {
    return make_error(ErrorCode::wrong_status, "cannot start a container that has stopped");
  }
  if (status == oci::Status::running) {
    return make_error(ErrorCode::wrong_status, "cannot start an already running container");
  }
  return make_error(ErrorCode::wrong_status,
                    fmt::format("cannot start a container in the {} state", to_string(status)));
}

// Where all that init left is a closed socket.
Error explain_end(Error error, const Container& container) {
  if (error.code != ErrorCode::protocol) return error;
  const auto ended = sys::wait_for_exit(container.init_pidfd.get(), std::chrono::seconds(1));
  if (ended.ok() && *ended) error.message = "init ended before it executed its program";
  return error;
}

// Hooks that init runs take the time that the configuration gives them; whether there are any is
// asked when the bound is over.
Result<> wait_for_program(init::Channel& channel, const Container& container) {
  auto executed = wait_until_executed(channel);
  if (executed.ok() || executed.error().code != ErrorCode::timeout) return executed;
  const auto config = oci::parse_spec(TRY(container.directory.load_config()));
  if (config.value.hooks.start_container.empty()) {
    return init::explain_timeout(std::move(executed).error(), container.state.pid,
                                 container.state.cgroup);
  }
  TRY(channel.bound_waits(std::chrono::milliseconds(0)));
  return channel.wait_for_execve().in_phase(Phase::start);
}

Result<NotifySocket> start_locked(Container& container, const std::string& notify_socket,
                                  std::chrono::milliseconds bound) {
  if (container.status != oci::Status::created) return not_startable(container.status);
  if (!container.state.has_process) {
    return config_error("/process", "is required to start the container");
  }
  auto channel = TRY(init::knock(container.directory.fd()).in_phase(Phase::start));
  if (!channel) return not_startable(oci::Status::stopped);
  if (bound.count() > 0) TRY(channel->bound_waits(bound).in_phase(Phase::start));
  NotifySocket notify =
      TRY(NotifySocket::listen(container.directory, notify_socket).in_phase(Phase::start));
  auto executed = wait_for_program(*channel, container);
  if (!executed.ok()) return explain_end(std::move(executed).error(), container);
  // Nobody listens there any more; without the name `state` need not even ask.
  ::unlinkat(container.directory.fd(), init::kStartGateName, 0);
  TRY(run_poststart(container.state, container.directory));
  return notify;
}

}  // namespace

Result<> wait_until_executed(init::Channel& channel) {
  TRY(channel.send_start().in_phase(Phase::start));
  return channel.wait_for_execve().in_phase(Phase::start);
}

Result<> run_poststart(const ContainerState& state, const StateDirectory& directory) {
  if (!state.poststart_hooks) return {};
  const auto config = oci::parse_spec(TRY(directory.load_config()));
  const oci::State running = oci_state(state, oci::Status::running, state.pid);
  return run_hooks("poststart", config.value.hooks.poststart, running);
}

void destroy_after_failed_hook(const Context& context, const std::string& id) {
  const auto removed = remove(context, {.id = id, .force = Switch::on});
  if (!removed.ok()) context.warn(removed.error().message);
}

}  // namespace container

Result<> start(const Context& context, const std::string& id, const std::string& notify_socket) {
  auto started = [&]() -> Result<> {
    std::optional found(TRY(container::find(context.root, id, container::Lock::exclusive)));
    const auto notify = TRY(container::start_locked(*found, notify_socket, context.init_bound));
    const sys::UniqueFd init_pidfd = std::move(found->init_pidfd);
    const pid_t pid = found->state.pid;
    found.reset();  // the lock is not held while a service makes itself ready
    return notify.wait(init_pidfd.get(), pid).in_phase(Phase::start);
  }();
  if (!started.ok() && started.error().code == ErrorCode::hook_failed) {
    container::destroy_after_failed_hook(context, id);
  }
  return std::move(started).context(fmt::format("start `{}`", id));
}

}  // namespace myrt
