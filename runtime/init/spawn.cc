#include "runtime/init/spawn.h"

#include <sched.h>
#include <unistd.h>

#include "sys/credentials.h"
#include "sys/out_of_memory.h"
#include "sys/seqpacket.h"

namespace myrt::init {
namespace {

// In the child. With a copy of the runtime's end open, init would never see that the runtime
// process died.
[[noreturn]] void become_init(InitContext& context, ChannelPair& channels, const StartGate* gate) {
  context.seal.close();
  channels.runtime.close();
  run(context, channels.init, gate);
}

// Runs in the intermediate process. Tells the runtime process the pid of init, or why there is
// none.
[[noreturn]] void run_helper(InitContext& context, const sys::CloneOptions& options,
                             ChannelPair& channels, const StartGate* gate, Channel& report) {
  const auto steps = [&]() -> Result<> {
    if (::geteuid() == 0) TRY(sys::set_not_dumpable());
    TRY(namespaces::enter_in_helper(context.plan.namespaces, context.joins));
    auto init =
        TRY(sys::clone3({.flags = options.flags | CLONE_PARENT, .cgroup_fd = options.cgroup_fd}));
    if (!init) {
      report.close();
      become_init(context, channels, gate);
    }
    return report.send_proceed(init->release());
  };
  const auto result = sys::or_out_of_memory(steps);
  if (!result.ok()) report.send_failed(result.error());
  ::_exit(result.ok() ? 0 : 1);
}

Result<sys::ChildProcess> spawn_by_helper(InitContext& context, const sys::CloneOptions& options,
                                          ChannelPair& channels, const StartGate* gate) {
  auto [ours, theirs] = TRY(Channel::pair());
  auto helper = TRY(sys::clone3({}));
  if (!helper) run_helper(context, options, channels, gate, theirs);
  theirs.close();
  const pid_t pid = TRY(ours.wait_for_proceed());
  // Ours by CLONE_PARENT, so the pid cannot be reused before we reap it.
  sys::ChildProcess init(pid, TRY(sys::pidfd_open(pid)));
  TRY(helper->wait());
  return init;
}

Result<sys::ChildProcess> spawn_directly(InitContext& context, const sys::CloneOptions& options,
                                         ChannelPair& channels, const StartGate* gate) {
  std::optional<namespaces::PidNamespaceForChildren> in_pid_namespace;
  if (context.joins.pid.valid()) {
    in_pid_namespace.emplace(
        TRY(namespaces::PidNamespaceForChildren::enter(context.procfs, context.joins.pid.get())));
  }
  auto init = TRY(sys::clone3(options));
  if (!init) become_init(context, channels, gate);
  if (in_pid_namespace) TRY(in_pid_namespace->leave());
  return std::move(*init);
}

}  // namespace

Result<ChannelPair> ChannelPair::open() {
  auto [runtime, init] = TRY(Channel::pair());
  return ChannelPair{std::move(runtime), std::move(init)};
}

Result<sys::ChildProcess> spawn(InitContext& context, int cgroup_fd, ChannelPair& channels,
                                const StartGate* gate) {
  const sys::CloneOptions options{.flags = context.plan.namespaces.clone_flags,
                                  .cgroup_fd = cgroup_fd};
  const sys::BlockedSignals blocked;  // none may hit init before it has reset its handlers
  auto init = context.plan.namespaces.needs_helper()
                  ? spawn_by_helper(context, options, channels, gate)
                  : spawn_directly(context, options, channels, gate);
  channels.init.close();
  return init;
}

}  // namespace myrt::init
