// `exec`: one more process in a running container. No re-exec, one clone3, one setns.
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <charconv>

#include "cgroups/existing.h"
#include "cgroups/reach.h"
#include "namespaces/enter.h"
#include "oci-spec/parse.h"
#include "runtime/container/blueprint.h"
#include "runtime/container/caller_io.h"
#include "runtime/container/exec_process.h"
#include "runtime/container/foreground.h"
#include "runtime/container/status.h"
#include "runtime/container/terminal_proxy.h"
#include "runtime/init/join.h"
#include "runtime/myrt.h"
#include "sys/files.h"

namespace myrt {
namespace container {
namespace {

Result<> check_status(const Container& container, Switch ignore_paused) {
  if (container.status == oci::Status::stopped || container.status == oci::Status::creating) {
    return make_error(ErrorCode::wrong_status,
                      fmt::format("cannot exec in a {} container", to_string(container.status)));
  }
  if (container.status == oci::Status::paused && ignore_paused == Switch::off) {
    return make_error(ErrorCode::wrong_status,
                      "cannot exec in a paused container (use --ignore-paused to override)");
  }
  return {};
}

// "PATH" or "CONTROLLER[,CONTROLLER]:PATH", as runc's --cgroup.
std::vector<cgroups::SubCgroup> sub_cgroups(const std::vector<std::string>& arguments) {
  std::vector<cgroups::SubCgroup> subs;
  for (const std::string& argument : arguments) {
    cgroups::SubCgroup sub;
    const std::size_t colon = argument.find(':');
    sub.path = colon == std::string::npos ? argument : argument.substr(colon + 1);
    std::string_view names(argument.data(), colon == std::string::npos ? 0 : colon);
    while (!names.empty()) {
      sub.controllers.emplace_back(names.substr(0, names.find(',')));
      names.remove_prefix(std::min(names.size(), sub.controllers.back().size() + 1));
    }
    subs.push_back(std::move(sub));
  }
  return subs;
}

Result<sys::ChildProcess> start_process(const Context& context, const ExecOptions& options,
                                        const Container& container, Attachment attachment,
                                        sys::UniqueFd& terminal) {
  context.trace.enter("plan");
  const oci::Spec spec = TRY(load_container_spec(container).in_phase(Phase::parse));
  auto plan = TRY(plan_exec(context, options, spec, container.state).in_phase(Phase::plan));
  TRY(check_io(options.io, plan.process, attachment).in_phase(Phase::arguments));
  if (plan.process.terminal && attachment == Attachment::foreground) {
    if (const auto size = caller_terminal_size()) plan.process.console_size = size;
  }
  const sys::Procfs procfs = TRY(sys::Procfs::open());
  context.trace.enter("cgroup");
  const auto subs = sub_cgroups(options.cgroup);
  TRY(cgroups::come_within_reach(container.state.cgroup).in_phase(Phase::cgroup));
  const auto cgroup = TRY(cgroups::clone_fd(container.state.cgroup, subs).in_phase(Phase::cgroup));
  const auto self_join =
      TRY(cgroups::open_self_join(container.state.cgroup, subs).in_phase(Phase::cgroup));
  const auto sockets = TRY(connect_sockets(options.io, plan.process, listener_path(spec, plan))
                               .in_phase(Phase::terminal));
  auto affinity = TRY(init::plan_cpu_affinity(plan.process.exec_cpu_affinity));
  init::JoinContext join{.process = exec_context(options, spec, container, plan, procfs, sockets),
                         .init_pidfd = container.init_pidfd.get(),
                         .namespaces = container.state.namespaces,
                         .root = {},
                         .self_join = self_join,
                         .cgroup = container.state.cgroup,
                         .affinity = std::move(affinity),
                         .bound = context.init_bound,
                         .trace = context.trace,
                         .seal = context.seal};
  if (!container.state.pivoted) {
    join.root = TRY(sys::open(fmt::format("/proc/{}/root", container.state.pid), O_PATH));
  }
  context.trace.enter("spawn and join");
  return init::spawn_joining(join, cgroup.get(), terminal);
}

// Until it is started a container's init is a process of the runtime, which the kernel lets nobody
// look at or join who has no privileges over the runtime's own user namespace (ptrace(2)).
Error explain_refusal(Error error, oci::Status status) {
  if (error.errno_value == EPERM && status == oci::Status::created && ::geteuid() != 0) {
    error.message = "only root can enter a container that has not been started: " + error.message;
  }
  return error;
}

}  // namespace
}  // namespace container

Result<int> exec(const Context& context, const ExecOptions& options) {
  const bool detached = options.detach == Switch::on;
  const auto steps = [&]() -> Result<int> {
    context.trace.enter("state");
    const auto found = TRY(container::find(context.root, options.id, container::Lock::none));
    TRY(container::check_status(found, options.ignore_paused));
    const sys::BlockedSignals blocked;
    sys::UniqueFd terminal;
    const auto attachment =
        detached ? container::Attachment::detached : container::Attachment::foreground;
    auto started = container::start_process(context, options, found, attachment, terminal)
                       .in_phase(Phase::spawn);
    if (!started.ok()) {
      return container::explain_refusal(std::move(started).error(), found.status);
    }
    auto process = TRY(std::move(started));
    TRY(container::send_pidfd(options.io.pidfd_socket, process.pidfd()).in_phase(Phase::output));
    TRY(container::write_pid_file(options.io.pid_file, process.pid()).in_phase(Phase::output));
    if (detached) {
      process.release();
      return 0;
    }
    context.trace.enter("process runs");
    const sys::UniqueFd signals = TRY(container::open_signals().in_phase(Phase::process));
    const auto status = TRY(container::attend(std::move(process), signals.get(),
                                              std::move(terminal), container::NotifySocket::none())
                                .in_phase(Phase::process));
    return status.shell_code();
  };
  return steps().context("exec failed");
}

}  // namespace myrt
