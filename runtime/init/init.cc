#include "runtime/init/init.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "mounts/apply.h"
#include "mounts/host_filesystems.h"
#include "namespaces/loopback.h"
#include "namespaces/sysctl.h"
#include "namespaces/uts.h"
#include "runtime/init/cpu_affinity.h"
#include "seccomp/load.h"
#include "sys/credentials.h"
#include "sys/out_of_memory.h"
#include "sys/process.h"
#include "sys/weakness.h"

namespace myrt::init {
namespace {

// Out of reach of other processes in namespaces that are joined (CVE-2016-9962). An unprivileged
// runtime has to wait until the joins are over: a process that is not dumpable does not own its
// /proc files, and what it could lose is its user's own. Only a privileged one opens the sources.
enum class Reach : std::uint8_t { before_joins, after_joins };
Reach reach(const InitContext& context) {
  return context.sources ? Reach::before_joins : Reach::after_joins;
}

Result<> enter_namespaces(InitContext& context) {
  const Reach when = reach(context);
  if (when == Reach::before_joins) TRY(sys::set_not_dumpable());
  TRY(namespaces::enter(context.procfs, context.plan.namespaces, context.joins));
  if (when == Reach::after_joins) TRY(sys::set_not_dumpable());
  TRY(namespaces::set_hostname(context.plan.namespaces.hostname));
  TRY(namespaces::set_domainname(context.plan.namespaces.domainname));
  if (context.plan.namespaces.loopback) TRY(namespaces::bring_loopback_up());
  return namespaces::write_sysctls(context.procfs, context.plan.namespaces);
}

// The root as the container will see it, with everything mounted, but not entered: the moment of
// the create hooks.
Result<mounts::Root> build_root(InitContext& context, Channel& runtime) {
  if (!context.sources) context.sources = TRY(mounts::open_sources_in_init(context.plan.mounts));
  mounts::Root root = TRY(mounts::prepare_root(context.plan.mounts, *context.sources));
  TRY(mounts::apply(context.plan.mounts, *context.sources, root,
                    [&runtime](std::size_t step, int tree_fd) {
                      return runtime.request_id_mapping(step, tree_fd);
                    }));
  return root;
}

Result<> run_create_hooks(InitContext& context, Channel& runtime, int root_fd) {
  if (!needs_runtime_hooks(context.spec.hooks)) return {};
  TRY(runtime.request_runtime_hooks());
  if (context.spec.hooks.create_container.empty()) return {};
  // As with runc: hooks that change the root file system find it by relative paths.
  if (::fchdir(root_fd) != 0) return errno_error("fchdir", "enter the container's root");
  context.state.pid = ::getpid();  // as the container sees it (STA-07)
  return hooks::run("createContainer", context.spec.hooks.create_container,
                    oci::to_json(context.state), context.hook_output);
}

// Enters the root, and finishes it: whatever is hidden or made read-only is so before any program
// of the container runs.
Result<std::optional<Terminal>> enter_root(InitContext& context, const mounts::Root& root) {
  if (context.plan.mounts.root.root_switch == mounts::RootSwitch::move) {
    TRY(mounts::remove_host_filesystems(context.procfs, root).in_phase(Phase::root));
  }
  TRY(mounts::enter_root(context.plan.mounts, root).in_phase(Phase::root));
  std::optional<Terminal> terminal;
  if (context.process) {
    terminal = TRY(set_up_terminal(*context.process, root.fd.get()).in_phase(Phase::terminal));
  }
  if (terminal) TRY(mounts::mount_console(root, terminal->slave.get()).in_phase(Phase::terminal));
  TRY(mounts::hide_paths(context.plan.mounts, *context.sources, root).in_phase(Phase::root));
  TRY(mounts::finish_root(context.plan.mounts, root).in_phase(Phase::root));
  return terminal;
}

// A program that is ready to be executed, and the pty master if the runtime process wants it.
struct Prepared {
  std::optional<Program> program;
  sys::UniqueFd terminal;
};

// The whole of `create` that happens in the container.
Result<Prepared> prepare(InitContext& context, Channel& runtime) {
  context.trace.begin_clone("join");
  TRY(sys::reset_signals());  // the runtime process blocked all of them around clone3
  if (::setsid() < 0) return errno_error("setsid", "start a session");
  context.host_pid = TRY(runtime.wait_for_proceed());  // id maps are written from here on
  sys::stop_point("init-joined");
  TRY(cgroups::join_self(context.self_join).in_phase(Phase::cgroup));
  ignore(allow_all_cpus(), "a sandbox of the runtime's may forbid it; its own CPUs serve as well");
  if (context.process) {
    context.process->host_pid = context.host_pid;
    context.process->seccomp_state.pid = context.host_pid;
    TRY(write_oom_score_adj(context.procfs, context.process->plan.attributes)
            .in_phase(Phase::process));
  }
  context.trace.enter("namespaces");
  TRY(enter_namespaces(context).in_phase(Phase::namespaces));
  context.trace.enter("mounts");
  mounts::Root root = TRY(build_root(context, runtime).in_phase(Phase::mounts));
  context.trace.enter("hooks");
  TRY(run_create_hooks(context, runtime, root.fd.get()));
  context.trace.enter("root");
  auto terminal = TRY(enter_root(context, root));
  Prepared prepared;
  if (!context.process) return prepared;
  context.trace.enter("process");
  prepared.program =
      TRY(prepare_process(*context.process, terminal, root.fd.get()).in_phase(Phase::process));
  if (terminal) prepared.terminal = std::move(terminal->master);
  root.fd.release();  // left to close_stray_fds, which closes all at once
  return prepared;
}

// The kernel keeps from the first process of a pid namespace what it has no handler for, so that a
// created container could be ended by SIGKILL only. Execve takes the handlers away, so that for
// `run`, which starts at once, it would be a matter of chance who gets the signal.
void obey_signals_until_execve() {
  struct sigaction action = {};
  action.sa_handler = [](int signal) { ::_exit(128 + signal); };
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    ::sigaction(signal, &action, nullptr);
  }
}

// Blocks until the container is started. `runtime` is replaced by the channel on which the starter
// waits.
Result<> wait_for_start(Channel& runtime, const StartGate* gate) {
  if (gate == nullptr) {
    if (!TRY(runtime.wait_for_start())) {
      return make_error(ErrorCode::protocol, "the runtime exited before it started the container");
    }
    return {};
  }
  obey_signals_until_execve();
  TRY(runtime.wait_for_committed());
  runtime.close();
  runtime = TRY(gate->wait());
  return {};
}

// As with runc, they have the program's environment unless they have one of their own, and its
// seccomp filter: what they execute comes from the same image. Init itself has no filter yet, so
// that a profile need not allow what it takes to run a hook.
Result<> run_start_hooks(InitContext& context, const std::vector<std::string>& environment) {
  if (context.spec.hooks.start_container.empty()) return {};
  context.state.status = oci::Status::created;
  context.state.pid = ::getpid();
  std::function<Result<>()> confine;
  const auto& filter = context.process->plan.filter;
  if (filter) confine = [&filter] { return seccomp::load_without_listener(*filter); };
  return hooks::run("startContainer", context.spec.hooks.start_container,
                    oci::to_json(context.state), context.hook_output, environment, confine);
}

Error run_to_execve(InitContext& context, Channel& runtime, const StartGate* gate) {
  const auto steps = [&]() -> Result<Program> {
    auto result = prepare(context, runtime);
    context.trace.write_clone("init", context.host_pid);
    Prepared prepared = TRY(std::move(result));
    const int listener = context.process ? context.process->seccomp_listener : -1;
    TRY(close_stray_fds(
            context.process ? context.process->preserve_fds : 0,
            {runtime.fd(), gate == nullptr ? -1 : gate->fd(), listener, prepared.terminal.get(),
             context.hook_output.stdout_fd, context.hook_output.stderr_fd})
            .in_phase(Phase::security));
    TRY(runtime.send_ready(prepared.terminal.get()));
    prepared.terminal.reset();
    TRY(wait_for_start(runtime, gate));
    if (!prepared.program) {
      return make_error(ErrorCode::invalid_config, "/process: is required to start the container");
    }
    TRY(run_start_hooks(context, prepared.program->environment));
    return std::move(*prepared.program);
  };
  auto program = steps();
  if (!program.ok()) return std::move(program).error();
  return execute(*context.process, program.value());
}

}  // namespace

bool needs_runtime_hooks(const oci::Hooks& hooks) {
  return !hooks.prestart.empty() || !hooks.create_runtime.empty() ||
         !hooks.create_container.empty();
}

void run(InitContext& context, Channel& runtime, const StartGate* gate) {
  const auto failed =
      sys::or_out_of_memory([&]() -> Result<> { return run_to_execve(context, runtime, gate); });
  runtime.send_failed(failed.error());
  // No destructor of the runtime process may run here: the state and the cgroup are its own.
  ::_exit(1);
}

}  // namespace myrt::init
