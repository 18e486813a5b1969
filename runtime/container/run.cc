// `run`: create and start in one process, with the container in the foreground unless detached.
#include <csignal>

#include "runtime/container/create.h"
#include "runtime/container/foreground.h"
#include "runtime/container/remove.h"
#include "runtime/container/start.h"
#include "runtime/init/stuck.h"
#include "sys/credentials.h"

namespace myrt {
namespace {

using container::Attachment;
using container::Created;

// Takes the container through its start. When a hook fails it is gone on return, poststop hooks
// included (LIF-08, LIF-10).
Result<> start_created(const Context& context, const CreateOptions& options,
                       std::optional<Created>& created) {
  const auto steps = [&]() -> Result<> {
    context.trace.enter("start");
    TRY(container::wait_until_executed(created->channel));
    TRY(container::run_poststart(created->state, created->directory));
    TRY(container::send_pidfds(options.io, created->state, created->init.pidfd())
            .in_phase(Phase::output));
    return container::write_pid_file(options.io.pid_file, created->init.pid())
        .in_phase(Phase::output);
  };
  auto started = steps();
  if (started.ok()) return started;
  started =
      init::explain_timeout(std::move(started).error(), created->init.pid(), created->state.cgroup);
  const oci::Hooks hooks = created->spec.hooks;
  const oci::State stopped = container::stopped_state(created->state);
  created.reset();
  if (started.error().code == ErrorCode::hook_failed) {
    container::run_poststop(context, hooks.poststop, stopped);
  }
  return started;
}

Result<int> run_detached(const Context& context, const CreateOptions& options) {
  std::optional<Created> created(TRY(container::create_container(
      context, options, container::Starter::caller, Attachment::detached)));
  const auto notify =
      TRY(container::NotifySocket::listen(created->directory, options.notify_socket));
  TRY(start_created(context, options, created));
  const pid_t pid = created->init.pid();
  sys::ChildProcess init = created->commit();
  const auto waited = notify.wait(init.pidfd(), pid);
  init.release();
  if (!waited.ok()) return waited.error();
  return 0;
}

// What a foreground run keeps of its container, to remove it in the end.
struct Remains {
  container::StateDirectory directory;
  container::ContainerState state;
  std::vector<oci::Hook> poststop;
};

// The container dies with its foreground run, so it is removed as `delete --force` would, cgroup
// and poststop hooks included; unless somebody else has deleted it already.
Result<> clean_up(const Context& context, Remains remains) {
  const auto locked = remains.directory.lock();
  if (!locked.ok() && locked.error().code == ErrorCode::not_found) return {};
  TRY(locked);
  container::Container stopped{
      std::move(remains.directory), std::move(remains.state), oci::Status::stopped, {}};
  return container::destroy(context, stopped, remains.poststop);
}

Result<int> run_in_foreground(const Context& context, const RunOptions& options) {
  const sys::BlockedSignals blocked;  // forwarded from the first moment on
  const sys::UniqueFd signals = TRY(container::open_signals().in_phase(Phase::spawn));
  if (options.subreaper == Switch::on) {
    TRY(sys::set_child_subreaper(true).in_phase(Phase::spawn));
  }
  std::optional<Created> created(TRY(container::create_container(
      context, options.create, container::Starter::caller, Attachment::foreground)));
  const auto notify =
      TRY(container::NotifySocket::listen(created->directory, options.create.notify_socket));
  TRY(start_created(context, options.create, created));
  sys::UniqueFd terminal = std::move(created->terminal);
  sys::ChildProcess init = created->commit();
  Remains remains{std::move(created->directory), std::move(created->state),
                  std::move(created->spec.hooks.poststop)};
  created.reset();
  remains.directory.unlock();  // while the container runs
  context.trace.enter("container runs");
  auto status = container::attend(std::move(init), signals.get(), std::move(terminal), notify);
  context.trace.enter("remove");
  if (options.keep == Switch::off) TRY(clean_up(context, std::move(remains)));
  return TRY(std::move(status).in_phase(Phase::process)).shell_code();
}

}  // namespace

Result<int> run(const Context& context, const RunOptions& options) {
  auto result = options.detach == Switch::on ? run_detached(context, options.create)
                                             : run_in_foreground(context, options);
  const std::string& failure_text = options.create.failure_text;
  return std::move(result).context(failure_text.empty() ? fmt::format("run `{}`", options.create.id)
                                                        : failure_text);
}

}  // namespace myrt
