#include "runtime/init/join.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "namespaces/enter.h"
#include "runtime/init/spawn.h"
#include "runtime/init/stuck.h"
#include "sys/credentials.h"
#include "sys/files.h"
#include "sys/out_of_memory.h"
#include "sys/weakness.h"

namespace myrt::init {
namespace {

constexpr std::uint64_t kPidNamespace = CLONE_NEWPID;
constexpr std::uint64_t kUserNamespace = CLONE_NEWUSER;

// With --no-pivot the root of the mount namespace is not the container's.
Result<> change_root(const sys::UniqueFd& root) {
  if (!root.valid()) return {};
  if (::fchdir(root.get()) != 0) return errno_error("fchdir", "enter the container's root");
  if (::chroot(".") != 0) return errno_error("chroot", "enter the container's root");
  return {};
}

// `joined`: the namespaces that the process is in since its clone3.
Result<> enter_container(const JoinContext& context, std::uint64_t joined) {
  TRY(cgroups::join_self(context.self_join).in_phase(Phase::cgroup));
  if (context.affinity == CpuAffinityPlan{}) {
    ignore(allow_all_cpus(),
           "a sandbox of the runtime's may forbid it; its own CPUs serve as well");
  } else {
    TRY(set_cpu_affinity(0, context.affinity.final_mask));  // empty: the kernel decides (AFF-04)
  }
  // Else the helper has. While /proc is nobody's but the host's.
  if ((joined & kUserNamespace) == 0) {
    TRY(write_oom_score_adj(context.process.procfs, context.process.plan.attributes));
  }
  // Before the first join: from then on processes of the container can see this one (CVE-2016-9962,
  // CVE-2019-5736).
  TRY(sys::set_not_dumpable());
  TRY(namespaces::join_container(context.init_pidfd, context.namespaces & ~joined));
  if (sys::weakened("without-early-attributes")) {
    TRY(write_oom_score_adj(context.process.procfs, context.process.plan.attributes));
  }
  sys::stop_point("exec-joined");
  TRY(change_root(context.root));
  if ((context.namespaces & kUserNamespace) != 0) {
    TRY(namespaces::become_user_namespace_root(
        context.process.keep_groups ? namespaces::Groups::keep : namespaces::Groups::drop));
  }
  return {};
}

// The process in the container; returns only on failure.
Error run_to_execve(JoinContext& context, Channel& runtime, std::uint64_t joined) {
  const auto steps = [&]() -> Result<Program> {
    context.trace.begin_clone("join");
    TRY(sys::reset_signals());
    if (::setsid() < 0) return errno_error("setsid", "start a session");
    TRY(enter_container(context, joined).in_phase(Phase::namespaces));
    context.trace.enter("process");
    const sys::UniqueFd root = TRY(sys::open("/", O_PATH | O_DIRECTORY));
    auto terminal = TRY(set_up_terminal(context.process, root.get()).in_phase(Phase::terminal));
    if (terminal && terminal->master.valid()) TRY(runtime.send_ready(terminal->master.get()));
    return prepare_process(context.process, terminal, root.get()).in_phase(Phase::process);
  };
  auto program = steps();
  // Only now: the runtime process has closed the seal by then, and no program of the container's
  // has run. Also after a failure, since a packet that nobody has read would be reported as a
  // reset.
  const auto host_pid = runtime.wait_for_proceed();
  if (host_pid.ok()) context.process.host_pid = *host_pid;
  context.trace.write_clone("process", context.process.host_pid);
  if (!program.ok()) return std::move(program).error();
  if (!host_pid.ok()) return host_pid.error();
  auto closed = close_stray_fds(context.process.preserve_fds,
                                {runtime.fd(), context.process.seccomp_listener})
                    .in_phase(Phase::security);
  if (!closed.ok()) return std::move(closed).error();
  return execute(context.process, program.value());
}

[[noreturn]] void become_process(JoinContext& context, ChannelPair& channels,
                                 std::uint64_t joined) {
  const bool had_seal = context.seal.is_open();
  context.seal.close();
  channels.runtime.close();
  const auto failed = sys::or_out_of_memory([&]() -> Result<> {
    if (had_seal) TRY(channels.init.send_let_go());
    return run_to_execve(context, channels.init, joined);
  });
  channels.init.send_failed(failed.error());
  ::_exit(1);
}

// Without privileges a pid namespace can only be entered from within the user namespace that owns
// it, which the runtime process must not enter: it could not go back.
bool needs_helper(const JoinContext& context) {
  constexpr std::uint64_t both = kUserNamespace | kPidNamespace;
  return ::geteuid() != 0 && (context.namespaces & both) == both;
}

// Runs in the intermediate process. Tells the runtime process the pid of the one in the container.
[[noreturn]] void run_helper(JoinContext& context, int cgroup_fd, ChannelPair& channels,
                             Channel& report) {
  constexpr std::uint64_t joined = kUserNamespace | kPidNamespace;
  const auto steps = [&]() -> Result<> {
    // While the files of this process in /proc are still its user's; the clone inherits the value.
    TRY(write_oom_score_adj(context.process.procfs, context.process.plan.attributes));
    // The clone is within reach of the container's processes from its first instruction on.
    TRY(sys::set_not_dumpable());
    TRY(namespaces::join_container(context.init_pidfd, joined));
    auto child = TRY(sys::clone3({.flags = CLONE_PARENT, .cgroup_fd = cgroup_fd}));
    if (!child) {
      report.close();
      become_process(context, channels, joined);
    }
    return report.send_proceed(child->release());
  };
  const auto result = sys::or_out_of_memory(steps);
  if (!result.ok()) report.send_failed(result.error());
  ::_exit(result.ok() ? 0 : 1);
}

Result<sys::ChildProcess> clone_by_helper(JoinContext& context, int cgroup_fd,
                                          ChannelPair& channels) {
  auto [ours, theirs] = TRY(Channel::pair());
  auto helper = TRY(sys::clone3({}));
  if (!helper) {
    ours.close();
    run_helper(context, cgroup_fd, channels, theirs);
  }
  theirs.close();
  const pid_t pid = TRY(ours.wait_for_proceed());
  // Ours by CLONE_PARENT, so the pid cannot be reused before we reap it.
  sys::ChildProcess child(pid, TRY(sys::pidfd_open(pid)));
  TRY(helper->wait());
  return child;
}

// Root of the user namespace of a rootless engine may enter the container's pid namespace, but not
// its own again, which belongs to the user namespace above. An exec makes no other child.
Result<> leave(namespaces::PidNamespaceForChildren& pid_namespace) {
  auto left = pid_namespace.leave();
  if (!left.ok() && left.error().errno_value == EPERM) return {};
  return left;
}

Result<sys::ChildProcess> clone_directly(JoinContext& context, int cgroup_fd,
                                         ChannelPair& channels) {
  std::optional<namespaces::PidNamespaceForChildren> in_pid_namespace;
  if ((context.namespaces & kPidNamespace) != 0) {
    in_pid_namespace.emplace(TRY(
        namespaces::PidNamespaceForChildren::enter(context.process.procfs, context.init_pidfd)));
  }
  auto child = TRY(sys::clone3({.flags = 0, .cgroup_fd = cgroup_fd}));
  if (!child) become_process(context, channels, kPidNamespace);
  if (in_pid_namespace) TRY(leave(*in_pid_namespace));
  return std::move(*child);
}

Result<sys::ChildProcess> clone_into_container(JoinContext& context, int cgroup_fd,
                                               ChannelPair& channels) {
  // Inherited over the clone, since the child starts in the container's cgroup (AFF-02).
  const IndexMask own = context.affinity.initial.empty() ? IndexMask() : TRY(own_cpu_affinity());
  TRY(set_cpu_affinity(0, context.affinity.initial));
  auto child = TRY(needs_helper(context) ? clone_by_helper(context, cgroup_fd, channels)
                                         : clone_directly(context, cgroup_fd, channels));
  TRY(set_cpu_affinity(0, own));
  channels.init.close();
  return child;
}

}  // namespace

Result<sys::ChildProcess> spawn_joining(JoinContext& context, int cgroup_fd,
                                        sys::UniqueFd& terminal) {
  ChannelPair channels = TRY(ChannelPair::open());
  if (context.bound.count() > 0) TRY(channels.runtime.bound_waits(context.bound));
  sys::stop_point("exec-clone");
  auto child = TRY(clone_into_container(context, cgroup_fd, channels).in_phase(Phase::spawn));
  const auto steps = [&]() -> Result<> {
    if (context.seal.is_open()) {
      TRY(channels.runtime.wait_for_let_go());
      context.seal.close();  // while the process joins the container
    }
    TRY(channels.runtime.send_proceed(child.pid()));
    if (context.process.terminal_taker == TerminalTaker::runtime) {
      Ready ready;
      TRY(channels.runtime.wait_for_hooks_or_ready(ready));
      terminal = std::move(ready.terminal);
    }
    return channels.runtime.wait_for_execve();
  };
  auto executed = steps().in_phase(Phase::exec);
  if (!executed.ok()) {
    const auto signal = killed_by(executed.error(), child);
    return explain("the process", std::move(executed).error(), signal, child.pid(), context.cgroup);
  }
  return child;
}

}  // namespace myrt::init
