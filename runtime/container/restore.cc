// `restore`: a container from the images of a checkpoint, by CRIU. Like `create` up to the point
// where init would be cloned; from there on CRIU makes the processes, and asks at a few points.
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "cgroups/existing.h"
#include "mounts/sources.h"
#include "runtime/container/blueprint.h"
#include "runtime/container/checkpoint_document.h"
#include "runtime/container/container_cgroup.h"
#include "runtime/container/create.h"
#include "runtime/container/criu_process.h"
#include "runtime/container/external_namespaces.h"
#include "runtime/container/foreground.h"
#include "runtime/container/notify_socket.h"
#include "runtime/container/remove.h"
#include "runtime/container/restore_check.h"
#include "runtime/container/restore_staging.h"
#include "runtime/container/start.h"
#include "sys/credentials.h"
#include "sys/files.h"

namespace myrt {
namespace container {
namespace {

constexpr const char* kLogFile = "restore.log";

// The directories and documents of a checkpoint.
struct Images {
  sys::UniqueFd directory, work;
  std::string log_directory;
  CheckpointDocument document;
  Descriptors descriptors;
};

Result<Images> open_images(const CriuOptions& options) {
  Images images;
  images.directory =
      TRY(sys::open(options.image_path, O_RDONLY | O_DIRECTORY).context("image-path"));
  images.log_directory = options.work_path.empty() ? options.image_path : options.work_path;
  if (!options.work_path.empty()) {
    TRY(sys::make_directories(options.work_path, 0700).context("work-path"));
    images.work = TRY(sys::open(options.work_path, O_RDONLY | O_DIRECTORY));
  }
  const auto document = TRY(sys::read_plain_file_at(images.directory.get(), kDocumentName)
                                .context("no checkpoint of myrt"));
  images.document = TRY(parse_checkpoint_document(document));
  images.descriptors = TRY(
      parse_descriptors(TRY(sys::read_plain_file_at(images.directory.get(), kDescriptorsName))));
  return images;
}

// Whatever CRIU left in the cgroup when a restore fails does not outlive it.
class KilledOnFailure {
 public:
  explicit KilledOnFailure(cgroups::Location location) : location_(std::move(location)) {}
  KilledOnFailure(const KilledOnFailure&) = delete;
  KilledOnFailure& operator=(const KilledOnFailure&) = delete;
  ~KilledOnFailure() {
    if (armed_) ignore(cgroups::kill_all(location_, SIGKILL), "CRIU has usually killed it all");
  }
  void disarm() { armed_ = false; }

 private:
  cgroups::Location location_;
  bool armed_ = true;
};

// With a user namespace CRIU looks for images as its root, who is nobody outside: the directory has
// to be searchable meanwhile. Its files are not readable, and cannot be listed, for that.
class SearchableDirectory {
 public:
  static Result<SearchableDirectory> make(int fd) {
    const mode_t mode = TRY(sys::stat_fd(fd)).st_mode & 07777U;
    SearchableDirectory directory(fd, mode);
    if (::fchmod(fd, mode | S_IXGRP | S_IXOTH) == 0) return directory;
    return errno_error("fchmod", "let CRIU search the image-path");
  }
  SearchableDirectory(SearchableDirectory&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), mode_(other.mode_) {}
  SearchableDirectory& operator=(SearchableDirectory&&) = delete;
  SearchableDirectory(const SearchableDirectory&) = delete;
  ~SearchableDirectory() {
    if (fd_ >= 0) ::fchmod(fd_, mode_);
  }

 private:
  SearchableDirectory(int fd, mode_t mode) : fd_(fd), mode_(mode) {}
  int fd_;
  mode_t mode_;
};

// What is acquired on this side before CRIU runs.
struct Resources {
  StateDirectory directory;
  cgroups::Cgroup cgroup;
  cgroups::SelfJoin self_join;
  namespaces::OpenJoins joins;
  mounts::Sources sources;
  CallerSockets sockets;
  std::string staging;
};

// CRIU makes the container's user namespace, too late for mounts that take their ids from it: they
// get the same mappings from a namespace of their own.
void name_id_mappings(const namespaces::Plan& namespaces, mounts::Plan& plan) {
  for (mounts::Step& step : plan.steps) {
    auto* bind = std::get_if<mounts::BindMount>(&step.action);
    if (bind == nullptr || !bind->id_mapping || !bind->id_mapping->uid_mappings.empty()) continue;
    bind->id_mapping->uid_mappings = namespaces.uid_mappings;
    bind->id_mapping->gid_mappings = namespaces.gid_mappings;
  }
}

Result<mounts::Sources> open_mounts(const Blueprint& blueprint) {
  mounts::Plan plan = blueprint.plan.mounts;
  TRY(check_sources_are_outside(plan));
  name_id_mappings(blueprint.plan.namespaces, plan);
  auto sources = TRY(mounts::open_sources(plan));
  if (mounts::has_id_mappings(plan)) {
    TRY(mounts::apply_id_mappings(sources, plan, blueprint.procfs, -1));
  }
  TRY(make_mount_points(plan, sources));
  return sources;
}

Result<Resources> acquire(const Context& context, const RestoreOptions& options,
                          const Blueprint& blueprint, ContainerState& state) {
  Resources own{
      TRY(StateDirectory::create(context.root, options.create.id)), {}, {}, {}, {}, {}, {}};
  TRY(own.directory.save_config(blueprint.config_json).in_phase(Phase::state));
  TRY(own.directory.save_plan(state).in_phase(Phase::state));
  if (!options.create.notify_socket.empty()) TRY(make_notify_directory(own.directory));
  own.cgroup = TRY(make_cgroup(blueprint).in_phase(Phase::cgroup));
  TRY(claim(own.cgroup, state, own.directory));
  own.self_join = TRY(own.cgroup.open_self_join().in_phase(Phase::cgroup));
  own.joins = TRY(namespaces::open_joins(blueprint.procfs, blueprint.plan.namespaces)
                      .in_phase(Phase::namespaces));
  own.sources = TRY(open_mounts(blueprint).in_phase(Phase::mount_sources));
  own.sockets = TRY(connect_sockets(options.create.io, blueprint.process->process, ""));
  own.staging = TRY(find_staging_directory());
  return own;
}

// Our standard streams in the place of those that the container had.
void add_streams(const Images& images, criu::Options& request) {
  std::vector<std::string> seen;  // one pipe can be several streams
  for (std::size_t fd = 0; fd < images.descriptors.size(); ++fd) {
    const std::string& link = images.descriptors[fd];
    if (!link.starts_with("pipe:[") || std::ranges::find(seen, link) != seen.end()) continue;
    seen.push_back(link);
    request.inherited_fds.push_back({link, static_cast<int>(fd)});
  }
  for (const KeyedStream& stream : images.document.streams) {
    request.inherited_fds.push_back({stream.key, stream.fd});
  }
}

Result<criu::Options> criu_options(const RestoreOptions& options, const Blueprint& blueprint,
                                   const Images& images, const Resources& own) {
  criu::Options request = TRY(shared_criu_options(options.criu));
  request.images_fd = images.directory.get();
  request.work_fd = images.work.get();
  request.log_file = kLogFile;
  request.root = staged_root(own.staging);
  request.notify = true;
  request.restore_as_sibling = true;
  request.evasive_devices = true;
  request.tcp_close = options.tcp_close == Switch::on;
  request.lsm_profile = options.lsm_profile;
  request.lsm_mount_context = options.lsm_mount_context;
  request.config_file = criu_config_file(blueprint.spec.annotations);
  request.external = external_options(images.document, own.staging);
  add_streams(images, request);
  add_restored_namespaces(blueprint, own.joins, request);
  return request;
}

// CRIU mounts in its working directory, which has to be one of its own mount namespace.
Result<> reopen(int fd, const std::string& path) {
  const sys::UniqueFd again = TRY(sys::open(path, O_RDONLY | O_DIRECTORY));
  if (::dup3(again.get(), fd, O_CLOEXEC) >= 0) return {};
  return errno_error("dup3", fmt::format("open `{}`", path));
}

Result<CriuProcess> launch(const RestoreOptions& options, const Images& images, Resources& own) {
  CriuLaunch launch;
  launch.binary = options.criu.binary;
  launch.clone_flags = CLONE_NEWNS;
  launch.cgroup_fd = own.cgroup.clone_fd();
  launch.self_join = &own.self_join;
  launch.prepare = [&]() -> Result<> {
    TRY(reopen(images.directory.get(), options.criu.image_path));
    if (images.work.valid()) TRY(reopen(images.work.get(), options.criu.work_path));
    return lay_out(images.document, own.sources, own.staging);
  };
  launch.inherited = {images.directory.get()};
  if (images.work.valid()) launch.inherited.push_back(images.work.get());
  if (own.joins.pid.valid()) launch.inherited.push_back(own.joins.pid.get());
  for (const sys::UniqueFd& fd : own.joins.others) launch.inherited.push_back(fd.get());
  return launch_criu(launch);
}

// Where the cgroups of the images are to be put: where CRIU itself is by now.
Result<std::vector<criu::CgroupRoot>> cgroup_roots(const sys::Procfs& procfs, pid_t criu_pid) {
  std::vector<criu::CgroupRoot> roots;
  const std::string text = TRY(procfs.read(fmt::format("{}/cgroup", criu_pid)));
  for (const sys::ProcessCgroup& cgroup : TRY(sys::parse_process_cgroups(text))) {
    std::string controllers;
    for (const std::string& controller : cgroup.controllers) {
      controllers += (controllers.empty() ? "" : ",") + controller;
    }
    roots.push_back({controllers, cgroup.path});
  }
  return roots;
}

// CRIU's questions in the order in which they come.
struct Questions {
  const Blueprint& blueprint;
  const Images& images;
  const ContainerState& state;
  Resources& own;
  sys::UniqueFd& terminal;

  Result<> namespaces_are_made(pid_t pid) const {
    return run_runtime_hooks(blueprint.spec.hooks, oci_state(state, oci::Status::creating, pid));
  }

  Result<> take_terminal(criu::Notification& notification) const {
    if (notification.fds.size() != 1) {
      return make_error(ErrorCode::protocol, "CRIU sent no terminal");
    }
    init::Terminal restored{std::move(notification.fds.front()), {}};
    if (own.sockets.terminal_taker == init::TerminalTaker::console_socket) {
      return init::send_terminal(own.sockets.console.get(), restored);
    }
    terminal = std::move(restored.master);
    return {};
  }

  // Every process is there, and stopped.
  Result<> processes_are_restored(pid_t pid) const {
    TRY(check_restored_mounts(blueprint.procfs, pid, blueprint.plan.mounts, images.document)
            .in_phase(Phase::mounts));
    TRY(own.cgroup.apply_after_join().in_phase(Phase::cgroup));
    return own.cgroup.apply_device_rules().in_phase(Phase::cgroup);
  }

  Result<> operator()(criu::Notification& notification) const {
    if (notification.script == "setup-namespaces") return namespaces_are_made(notification.pid);
    if (notification.script == "orphan-pts-master") return take_terminal(notification);
    if (notification.script == "post-restore") return processes_are_restored(notification.pid);
    return {};
  }
};

Result<sys::ChildProcess> ask_criu(const RestoreOptions& options, const Blueprint& blueprint,
                                   const Images& images, Resources& own,
                                   const Questions& questions) {
  criu::Options request = TRY(criu_options(options, blueprint, images, own));
  CriuProcess criu = TRY(launch(options, images, own));
  TRY(check_criu_version(criu));
  TRY(check_criu_features(criu, {.lazy_pages = request.lazy_pages}));
  if (blueprint.plan.cgroup) {
    request.cgroup_roots = TRY(cgroup_roots(blueprint.procfs, criu.process.pid()));
  }
  const criu::Response response = TRY(criu::converse(
      criu.socket.get(), criu::encode_request(criu::RequestType::restore, request), questions));
  criu.finish();
  if (!response.success) {
    return criu_failure(response, fmt::format("{}/{}", images.log_directory, kLogFile));
  }
  // Our child by CLONE_PARENT, so the pid cannot be reused before we reap it.
  return sys::ChildProcess(response.restored_pid, TRY(sys::pidfd_open(response.restored_pid)));
}

// A running container that is still ours: dropping it undoes everything.
struct Restored {
  oci::Spec spec;
  ContainerState state;
  StateDirectory directory;
  cgroups::Cgroup cgroup;
  sys::ChildProcess init;
  sys::UniqueFd terminal;

  sys::ChildProcess commit() {
    directory.keep();
    cgroup.keep();
    return std::move(init);
  }
};

Result<Restored> build(const Context& context, const RestoreOptions& options, const Images& images,
                       Blueprint& blueprint) {
  ContainerState state = planned_state(context, blueprint, options.create);
  Resources own = TRY(acquire(context, options, blueprint, state));
  KilledOnFailure leftovers(state.cgroup);
  std::optional<SearchableDirectory> searchable;
  if (blueprint.plan.namespaces.is_new(oci::NamespaceType::user)) {
    searchable.emplace(TRY(SearchableDirectory::make(images.directory.get())));
  }
  sys::UniqueFd terminal;
  const Questions questions{blueprint, images, state, own, terminal};
  sys::ChildProcess init = TRY(ask_criu(options, blueprint, images, own, questions));
  TRY(write_down(init, state, own.directory));
  TRY(run_poststart(state, own.directory));
  TRY(send_pidfd(options.create.io.pidfd_socket, init.pidfd()));
  TRY(write_pid_file(options.create.io.pid_file, init.pid()));
  leftovers.disarm();
  return Restored{std::move(blueprint.spec), std::move(state), std::move(own.directory),
                  std::move(own.cgroup),     std::move(init),  std::move(terminal)};
}

Result<Restored> restore_container(const Context& context, const RestoreOptions& options,
                                   Attachment attachment) {
  Blueprint blueprint = TRY(read_blueprint(context, options.create));
  if (!blueprint.process) return config_error("/process", "is required to restore a container");
  TRY(check_io(options.create.io, blueprint.process->process, attachment)
          .in_phase(Phase::arguments));
  Images images = TRY(open_images(options.criu));
  images.document = TRY(fit_document(std::move(images.document), blueprint.plan.mounts));
  const oci::Hooks hooks = blueprint.spec.hooks;
  const ContainerState planned = planned_state(context, blueprint, options.create);
  auto restored = build(context, options, images, blueprint);
  if (!restored.ok() && restored.error().code == ErrorCode::hook_failed) {
    run_poststop(context, hooks.poststop, stopped_state(planned));
  }
  return restored;
}

Result<int> restore_detached(const Context& context, const RestoreOptions& options) {
  Restored restored = TRY(restore_container(context, options, Attachment::detached));
  restored.commit().release();
  return 0;
}

Result<int> restore_in_foreground(const Context& context, const RestoreOptions& options) {
  const sys::BlockedSignals blocked;  // forwarded from the first moment on
  const sys::UniqueFd signals = TRY(open_signals());
  if (options.subreaper == Switch::on) TRY(sys::set_child_subreaper(true));
  std::optional<Restored> restored(
      TRY(restore_container(context, options, Attachment::foreground)));
  sys::UniqueFd terminal = std::move(restored->terminal);
  sys::ChildProcess init = restored->commit();
  restored.reset();  // the state's lock is not held while it runs
  auto status = attend(std::move(init), signals.get(), std::move(terminal), NotifySocket::none());
  TRY(remove(context, {.id = options.create.id, .force = Switch::on}));
  return TRY(std::move(status)).shell_code();
}

}  // namespace
}  // namespace container

Result<int> restore(const Context& context, const RestoreOptions& options) {
  auto result = options.detach == Switch::on ? container::restore_detached(context, options)
                                             : container::restore_in_foreground(context, options);
  return std::move(result).context(fmt::format("restore `{}`", options.create.id));
}

}  // namespace myrt
