// `create`: from a bundle to a container whose init waits to be started. Read `build` from top to
// bottom; whatever it has acquired is undone in reverse order when a later step fails, since
// everything has an owner.
#include "runtime/container/create.h"

#include <fcntl.h>

#include <csignal>

#include "cgroups/oom_events.h"
#include "namespaces/id_mappings.h"
#include "namespaces/net_devices.h"
#include "oci-spec/documents.h"
#include "runtime/container/blueprint.h"
#include "runtime/container/container_cgroup.h"
#include "runtime/container/hook_output.h"
#include "runtime/container/notify_socket.h"
#include "runtime/container/rdt.h"
#include "runtime/container/remove.h"
#include "runtime/container/terminal_proxy.h"
#include "runtime/init/spawn.h"
#include "runtime/init/stuck.h"
#include "sys/files.h"
#include "sys/procfs.h"

namespace myrt {
namespace container {

ContainerState planned_state(const Context& context, const Blueprint& blueprint,
                             const CreateOptions& options) {
  ContainerState state;
  state.id = options.id;
  state.bundle = blueprint.plan.bundle;
  state.rootfs = blueprint.plan.rootfs;
  state.created = timestamp_now();
  state.annotations = blueprint.spec.annotations;
  state.cgroup_manager = context.cgroup_manager;
  state.cgroup = plan::planned_location(blueprint.plan.cgroup);
  state.pid_file = options.io.pid_file;
  state.namespaces = namespaces::joinable_flags(blueprint.plan.namespaces);
  state.own_pids = blueprint.plan.namespaces.is_new(oci::NamespaceType::pid);
  state.pivoted = blueprint.plan.mounts.root.root_switch == mounts::RootSwitch::pivot;
  state.new_keyring = options.new_keyring == Switch::on;
  state.has_process = blueprint.spec.process.has_value();
  state.poststart_hooks = !blueprint.spec.hooks.poststart.empty();
  state.poststop_hooks = !blueprint.spec.hooks.poststop.empty();
  if (blueprint.spec.linux) {
    // An invalid section is the error of the step that applies it.
    const auto rdt = init::plan_rdt(blueprint.spec.linux->intel_rdt, options.id);
    if (rdt.ok() && *rdt) state.resctrl_groups = planned_groups(**rdt);
  }
  if (!blueprint.plan.namespaces.is_private(oci::NamespaceType::mount)) {
    for (const mounts::Step& step : blueprint.plan.mounts.steps) {
      state.host_mounts.push_back(state.rootfs + step.destination);
    }
  }
  return state;
}

namespace {

std::string listener_path(const Blueprint& blueprint) {
  const bool notifies =
      blueprint.process && blueprint.process->filter && blueprint.process->filter->notifies;
  return notifies ? blueprint.spec.linux->seccomp->listener_path : std::string();
}

std::optional<init::ProcessContext> process_context(const Context& context,
                                                    const Blueprint& blueprint,
                                                    const CreateOptions& options,
                                                    const CallerSockets& sockets,
                                                    const oci::State& state) {
  if (!blueprint.process) return std::nullopt;
  return init::ProcessContext{
      .plan = *blueprint.process,
      .procfs = blueprint.procfs,
      .container_id = options.id,
      .terminal_taker = sockets.terminal_taker,
      .console_socket = sockets.console.get(),
      .seccomp_listener = sockets.seccomp_listener.get(),
      .seccomp_state = state,
      .seccomp_metadata = blueprint.spec.linux && blueprint.spec.linux->seccomp
                              ? blueprint.spec.linux->seccomp->listener_metadata
                              : std::string(),
      .preserve_fds = options.io.preserve_fds,
      .listen_fds = options.io.listen_fds,
      .own_user_namespace = blueprint.plan.namespaces.is_private(oci::NamespaceType::user),
      .new_keyring = options.new_keyring == Switch::on,
      .home =
          context.strictness == Strictness::spec ? init::Home::as_given : init::Home::from_passwd,
      .keep_groups = blueprint.plan.namespaces.keep_groups};
}

// What the config asks for in resctrl, done with the pid alone. The groups that delete has to
// remove are in the state afterwards.
Result<RdtGroups> assign_rdt(const Blueprint& blueprint, pid_t pid, ContainerState& state) {
  if (!blueprint.spec.linux || !blueprint.spec.linux->intel_rdt) return RdtGroups();
  const auto plan = TRY(init::plan_rdt(blueprint.spec.linux->intel_rdt, state.id));
  sys::UniqueFd resctrl = TRY(init::open_resctrl());
  auto residue = TRY(init::apply_rdt(resctrl.get(), *plan, pid));
  record_rdt(*plan, residue, state);
  return RdtGroups(std::move(resctrl), std::move(residue));
}

// Invalid when no mount takes its ids from the container's user namespace.
Result<sys::UniqueFd> user_namespace_of_ids(const Blueprint& blueprint, pid_t pid) {
  if (!mounts::needs_container_user_namespace(blueprint.plan.mounts)) return sys::UniqueFd();
  return namespaces::open_namespace(blueprint.procfs, pid, oci::NamespaceType::user);
}

// Everything that can be done to init knowing only its pid, while it waits for `proceed`.
Result<> set_up_from_outside(const Blueprint& blueprint, const namespaces::OpenJoins& joins,
                             std::optional<mounts::Sources>& sources, pid_t pid) {
  TRY(namespaces::write_id_mappings(blueprint.procfs, pid, blueprint.plan.namespaces)
          .in_phase(Phase::id_mappings));
  if (sources && mounts::has_id_mappings(blueprint.plan.mounts)) {
    const sys::UniqueFd user_namespace = TRY(user_namespace_of_ids(blueprint, pid));
    TRY(mounts::apply_id_mappings(*sources, blueprint.plan.mounts, blueprint.procfs,
                                  user_namespace.get())
            .in_phase(Phase::mount_sources));
  }
  return namespaces::move_net_devices(blueprint.procfs, blueprint.plan.namespaces, joins, pid)
      .in_phase(Phase::namespaces);
}

}  // namespace

Result<> run_runtime_hooks(const oci::Hooks& hooks, const oci::State& state) {
  TRY(run_hooks("prestart", hooks.prestart, state));
  return run_hooks("createRuntime", hooks.create_runtime, state);
}

namespace {

// For a source that only init could open, but may not map in a user namespace.
Result<> map_ids_for_init(const Blueprint& blueprint, const init::Ready& asked, pid_t pid,
                          init::Channel& channel) {
  const sys::UniqueFd user_namespace = TRY(user_namespace_of_ids(blueprint, pid));
  TRY(mounts::apply_id_mapping(asked.tree.get(), blueprint.plan.mounts, asked.step,
                               blueprint.procfs, user_namespace.get())
          .in_phase(Phase::mounts));
  return channel.send_id_mapping_done();
}

// Serves init until it is ready. Returns the pty master if init sent one.
Result<sys::UniqueFd> wait_until_ready(init::Channel& channel, cgroups::Cgroup& cgroup,
                                       const Blueprint& blueprint, const oci::State& state) {
  bool has_device_rules = false;
  while (true) {
    init::Ready ready;
    const init::Message message = TRY(channel.wait_for_hooks_or_ready(ready));
    if (message == init::Message::id_mapping_needed) {
      TRY(map_ids_for_init(blueprint, ready, state.pid, channel));
      continue;
    }
    // Either of the others says that the root is built, and that init waits.
    if (!has_device_rules) TRY(cgroup.apply_device_rules().in_phase(Phase::cgroup));
    has_device_rules = true;
    if (message == init::Message::ready) return std::move(ready.terminal);
    TRY(run_runtime_hooks(blueprint.spec.hooks, state));
    TRY(channel.send_runtime_hooks_done());
  }
}

// The counter is the cgroup's own; a container that is being created has had no other kill in it.
bool oom_killed(const cgroups::Location& location) {
  const auto events = cgroups::OomEvents::open(location);
  return events.ok() && events->counters().oom_kill > 0;
}

Error explain(Error error, sys::ChildProcess& init, const cgroups::Location& cgroup) {
  const auto signal = init::killed_by(error, init);
  if (signal == SIGKILL && oom_killed(cgroup)) {
    error.code = ErrorCode::out_of_memory;
    error.message = "init was killed by the OOM killer" + cgroups::limit_and_peak(cgroup);
    return error;
  }
  return init::explain("init", std::move(error), signal, init.pid(), cgroup);
}

// Everything that is acquired before init exists. Init inherits the fds.
struct Resources {
  StateDirectory directory;
  cgroups::Cgroup cgroup;
  RdtGroups rdt_groups;
  cgroups::SelfJoin self_join;
  namespaces::OpenJoins joins;
  std::optional<mounts::Sources> sources;
  CallerSockets sockets;
  HookOutput hook_output;
  std::optional<init::StartGate> gate;
};

Result<Resources> acquire(const Context& context, const CreateOptions& options, Starter starter,
                          Blueprint& blueprint, ContainerState& state) {
  const plan::ContainerPlan& plan = blueprint.plan;
  blueprint.phases.enter("state");
  Resources own{TRY(StateDirectory::create(context.root, options.id).in_phase(Phase::state)),
                {},
                {},
                {},
                {},
                {},
                {},
                {},
                {}};
  TRY(own.directory.save_config(blueprint.config_json).in_phase(Phase::state));
  // What is about to be acquired is on disk before it is acquired: `delete --force` finds it,
  // whenever we die.
  TRY(own.directory.save_plan(state).in_phase(Phase::state));
  if (!options.notify_socket.empty()) {
    TRY(make_notify_directory(own.directory).in_phase(Phase::state));
  }
  blueprint.phases.enter("cgroup");
  own.cgroup = TRY(make_cgroup(blueprint).in_phase(Phase::cgroup));
  TRY(claim(own.cgroup, state, own.directory));
  own.self_join = TRY(own.cgroup.open_self_join().in_phase(Phase::cgroup));
  blueprint.phases.enter("sources");
  own.joins =
      TRY(namespaces::open_joins(blueprint.procfs, plan.namespaces).in_phase(Phase::namespaces));
  if (blueprint.privileged) {
    own.sources =
        TRY(mounts::open_sources(plan.mounts, options.root_tree).in_phase(Phase::mount_sources));
    TRY(mounts::open_filesystem_mappings(*own.sources, plan.mounts, blueprint.procfs)
            .in_phase(Phase::mount_sources));
  }
  if (blueprint.process) {
    own.sockets =
        TRY(connect_sockets(options.io, blueprint.process->process, listener_path(blueprint))
                .in_phase(Phase::terminal));
  }
  own.hook_output = TRY(open_hook_output(state.annotations).in_phase(Phase::hooks));
  if (starter == Starter::start_command) {
    own.gate.emplace(TRY(init::StartGate::open(own.directory.fd()).in_phase(Phase::state)));
  }
  return own;
}

// What bring_up ends with: a pty master, if init sent one, and the state as it is to be saved.
struct Ready {
  sys::UniqueFd terminal;
  StateDirectory::Documents documents;
};

// The handshake from clone3 to `ready` (runtime/init/handshake.h).
Result<Ready> bring_up(const Context& context, Blueprint& blueprint, Resources& own,
                       ContainerState& state, init::Channel& channel,
                       const sys::ChildProcess& init) {
  blueprint.phases.enter("set-up from outside");
  TRY(set_up_from_outside(blueprint, own.joins, own.sources, init.pid()));
  own.rdt_groups = TRY(assign_rdt(blueprint, init.pid(), state));
  TRY(channel.send_proceed(init.pid()));
  TRY(own.cgroup.apply_after_join().in_phase(Phase::cgroup));  // while init is at work
  TRY(identify(init, state));
  Ready ready{{}, StateDirectory::documents(state)};
  context.seal.close();  // by now init has closed its own, or it is the one that waits
  const oci::State creating = oci_state(state, oci::Status::creating, init.pid());
  blueprint.phases.enter("wait for init");
  ready.terminal = TRY(wait_until_ready(channel, own.cgroup, blueprint, creating));
  return ready;
}

}  // namespace

Result<> identify(const sys::ChildProcess& init, ContainerState& state) {
  const auto stat = TRY(sys::read_process_stat(init.pid()).in_phase(Phase::state));
  if (!stat)
    return Result<>(make_error(ErrorCode::protocol, "init is gone")).in_phase(Phase::state);
  state.pid = init.pid();
  state.start_time_ticks = stat->start_time_ticks;
  return {};
}

Result<> write_down(const sys::ChildProcess& init, ContainerState& state,
                    StateDirectory& directory) {
  TRY(identify(init, state));
  return directory.save(state).in_phase(Phase::state);
}

namespace {

// Hooks that init runs take the time that the configuration gives them.
bool is_bounded(const Context& context, const oci::Hooks& hooks) {
  return context.init_bound.count() > 0 && hooks.create_container.empty() &&
         hooks.start_container.empty();
}

Result<Created> build(const Context& context, const CreateOptions& options, Starter starter,
                      Blueprint& blueprint) {
  ContainerState state = planned_state(context, blueprint, options);
  Resources own = TRY(acquire(context, options, starter, blueprint, state));
  const oci::State creating = oci_state(state, oci::Status::creating, 0);
  init::InitContext init_context{
      .spec = blueprint.spec,
      .plan = blueprint.plan,
      .procfs = blueprint.procfs,
      .process = process_context(context, blueprint, options, own.sockets, creating),
      .state = creating,
      .joins = own.joins,
      .self_join = own.self_join,
      .sources = own.sources,
      .hook_output = own.hook_output.fds(),
      .trace = context.trace,
      .seal = context.seal};
  blueprint.phases.enter("spawn");
  init::ChannelPair channels = TRY(init::ChannelPair::open().in_phase(Phase::spawn));
  if (is_bounded(context, blueprint.spec.hooks)) {
    TRY(channels.runtime.bound_waits(context.init_bound).in_phase(Phase::spawn));
  }
  sys::ChildProcess init = TRY(
      init::spawn(init_context, own.cgroup.clone_fd(), channels, own.gate ? &*own.gate : nullptr)
          .in_phase(Phase::spawn));
  auto ready =
      bring_up(context, blueprint, own, state, channels.runtime, init).in_phase(Phase::handshake);
  if (!ready.ok()) return explain(std::move(ready).error(), init, state.cgroup);
  blueprint.phases.enter("state");
  state.phases = blueprint.phases.ended();
  add_phases(ready->documents.container, state.phases);
  TRY(own.directory.save(ready->documents).in_phase(Phase::state));
  return Created{std::move(blueprint.spec), std::move(state),          std::move(own.directory),
                 std::move(own.cgroup),     std::move(own.rdt_groups), std::move(channels.runtime),
                 std::move(init),           std::move(ready->terminal)};
}

}  // namespace

sys::ChildProcess Created::commit() {
  directory.keep();
  cgroup.keep();
  rdt_groups.keep();
  return std::move(init);
}

Result<Created> create_container(const Context& context, const CreateOptions& options,
                                 Starter starter, Attachment attachment) {
  Blueprint blueprint = TRY(read_blueprint(context, options));
  if (blueprint.process) {
    oci::Process& process = blueprint.process->process;
    TRY(check_io(options.io, process, attachment).in_phase(Phase::arguments));
    if (process.terminal && attachment == Attachment::foreground) {
      if (const auto size = caller_terminal_size()) process.console_size = size;
    }
  }
  const oci::Hooks hooks = blueprint.spec.hooks;
  const ContainerState planned = planned_state(context, blueprint, options);
  auto created = build(context, options, starter, blueprint);
  if (!created.ok() && created.error().code == ErrorCode::hook_failed) {
    // By now everything is undone; this is step 13 of the lifecycle (HOK-16).
    run_poststop(context, hooks.poststop, stopped_state(planned));
  }
  return created;
}

}  // namespace container

Result<> create(const Context& context, const CreateOptions& options) {
  const auto steps = [&]() -> Result<> {
    container::Created created = TRY(container::create_container(
        context, options, container::Starter::start_command, container::Attachment::detached));
    TRY(container::send_pidfds(options.io, created.state, created.init.pidfd())
            .in_phase(Phase::output));
    TRY(container::write_pid_file(options.io.pid_file, created.init.pid()).in_phase(Phase::output));
    auto committed = created.channel.send_committed();
    if (!committed.ok()) {
      container::remove_pid_file(options.io.pid_file, created.init.pid());
      return std::move(committed).in_phase(Phase::handshake);
    }
    created.commit().release();
    return {};
  };
  return steps().context(options.failure_text.empty() ? fmt::format("create `{}`", options.id)
                                                      : options.failure_text);
}

}  // namespace myrt
