// `checkpoint`: a running container's processes and memory into a directory, by CRIU.
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <csignal>

#include "cgroups/existing.h"
#include "cgroups/tree.h"
#include "namespaces/open_namespace.h"
#include "runtime/container/blueprint.h"
#include "runtime/container/checkpoint_document.h"
#include "runtime/container/criu_process.h"
#include "runtime/container/external_mounts.h"
#include "runtime/container/external_namespaces.h"
#include "runtime/container/notify_socket.h"
#include "runtime/container/preflight.h"
#include "runtime/container/remove.h"
#include "runtime/container/streams.h"
#include "sys/files.h"

namespace myrt {
namespace container {
namespace {

constexpr const char* kLogFile = "dump.log";
constexpr std::size_t kKeyBytes = 16;

Result<> check_status(const Container& container) {
  switch (container.status) {
    case oci::Status::running:
      return {};
    case oci::Status::paused:
      if (container.state.cgroup.mode != cgroups::Mode::hybrid) return {};
      return make_error(ErrorCode::unsupported,
                        "beside cgroup v1 a container is paused by cgroup v2, which CRIU does not "
                        "see: resume it first");
    case oci::Status::stopped:
      return make_error(ErrorCode::wrong_status, "container not running");
    default:
      return make_error(ErrorCode::wrong_status,
                        fmt::format("cannot checkpoint a container in the {} state",
                                    to_string(container.status)));
  }
}

// The container's own config, planned once more: the mounts in it are what has to be told to CRIU.
Result<Blueprint> recall_blueprint(const Context& context, const Container& container) {
  Context same = context;
  same.cgroup_manager = container.state.cgroup_manager;
  same.warn = [](std::string_view) {};  // said at create
  same.debug = nullptr;
  CreateOptions options;
  options.id = container.state.id;
  options.bundle = container.state.bundle;
  options.config = fmt::format("{}/{}/config.json", context.root, container.state.id);
  if (sys::exists_at(container.directory.fd(), kNotifyDirectory))
    options.notify_socket = "recalled";
  return read_blueprint(same, options);
}

// The container as it is now, in the terms of what CRIU cannot see by itself.
struct Observation {
  std::vector<Stream> streams;
  std::vector<ExternalMount> external;
  std::vector<KeyedStream> external_streams;
};

Result<Observation> observe(const Container& container, const Blueprint& blueprint) {
  const pid_t pid = container.state.pid;
  const sys::UniqueFd root = TRY(open_container_root(blueprint.procfs, pid));
  const auto mounts = TRY(observe_mounts(blueprint.procfs, pid, root.get()));
  TRY(check_sources_are_outside(blueprint.plan.mounts));
  const auto sources = host_sources(blueprint.plan.mounts);
  Observation observation;
  observation.streams = TRY(observe_streams(blueprint.procfs, pid, mounts));
  observation.external = match_mounts(mounts, sources);
  add_submounts(mounts, sources, observation.external);
  TRY(check_mounts(mounts, observation.external));
  observation.external_streams = external_streams(observation.streams, mounts);
  return observation;
}

Result<Observation> preflight(const Container& container, const Blueprint& blueprint,
                              const CheckpointOptions& options) {
  TRY(check_checkpointable(blueprint));
  Observation observation = TRY(observe(container, blueprint));
  auto pids = TRY(cgroups::processes(container.state.cgroup));
  pids.insert(pids.begin(), container.state.pid);  // whose network namespace is the container's
  TRY(check_processes(blueprint, pids, observation.streams, options));
  return observation;
}

CheckpointDocument make_document(const Observation& observation) {
  CheckpointDocument document;
  for (const ExternalMount& mount : observation.external) {
    document.mounts.push_back(
        {sys::random_hex(kKeyBytes), mount.kind, mount.index, mount.destination, mount.below});
  }
  document.streams = observation.external_streams;
  return document;
}

Result<criu::PageServer> parse_page_server(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  criu::PageServer server;
  if (colon != std::string::npos) {
    server.address = text.substr(0, colon);
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, server.port);
    if (error == std::errc() && stopped == end && server.port > 0 && server.port <= 0xffff &&
        !server.address.empty()) {
      return server;
    }
  }
  return make_error(ErrorCode::invalid_argument,
                    fmt::format("invalid page-server `{}`: expected ADDRESS:PORT", text));
}

// The fds that CRIU gets.
struct Directories {
  sys::UniqueFd images, work;
  std::string log_directory;
};

Result<Directories> make_directories(const CriuOptions& options) {
  Directories directories;
  TRY(sys::make_directories(options.image_path, 0700).context("image-path"));
  directories.images = TRY(sys::open(options.image_path, O_RDONLY | O_DIRECTORY));
  directories.log_directory = options.work_path.empty() ? options.image_path : options.work_path;
  if (!options.work_path.empty()) {
    TRY(sys::make_directories(options.work_path, 0700).context("work-path"));
    directories.work = TRY(sys::open(options.work_path, O_RDONLY | O_DIRECTORY));
  }
  return directories;
}

std::string freezer_directory(const cgroups::Location& location) {
  const std::string* directory = location.mode == cgroups::Mode::v2
                                     ? cgroups::unified_directory(location)
                                     : cgroups::directory_of(location, "freezer");
  return directory == nullptr ? std::string() : *directory;
}

Result<criu::Options> criu_options(const Container& container, const Blueprint& blueprint,
                                   const CheckpointOptions& options,
                                   const Directories& directories) {
  criu::Options request = TRY(shared_criu_options(options.criu));
  request.images_fd = directories.images.get();
  request.work_fd = directories.work.get();
  request.pid = container.state.pid;
  request.log_file = kLogFile;
  request.root = container.state.rootfs;
  request.notify = true;
  request.leave_running = options.leave_running == Switch::on;
  request.tcp_skip_in_flight = options.tcp_skip_in_flight == Switch::on;
  request.parent_image = options.parent_path;
  request.track_memory = options.pre_dump == Switch::on || !options.parent_path.empty();
  request.freeze_cgroup = freezer_directory(container.state.cgroup);
  request.config_file = criu_config_file(blueprint.spec.annotations);
  if (!options.page_server.empty()) {
    request.page_server = TRY(parse_page_server(options.page_server));
  }
  TRY(add_dumped_namespaces(blueprint, container.state.pid, request));
  return request;
}

Result<> write_documents(const Observation& observation, const CheckpointDocument& document,
                         int images_fd) {
  TRY(sys::write_atomic_at(images_fd, kDescriptorsName,
                           to_json(descriptors_of(observation.streams)), 0600));
  return sys::write_atomic_at(images_fd, kDocumentName, to_json(document), 0600);
}

void add_external(const Observation& observation, const CheckpointDocument& document,
                  criu::Options& request) {
  for (std::size_t i = 0; i < document.mounts.size(); ++i) {
    request.external.push_back(
        fmt::format("mnt[{}]:{}", observation.external[i].mount_point, document.mounts[i].key));
  }
  for (const KeyedStream& stream : document.streams) request.external.push_back(stream.key);
}

// The page server of a lazy migration is up: tells whoever waits to start the restore.
criu::NotificationHandler status_writer(const std::optional<int>& status_fd) {
  return [status_fd](criu::Notification& notification) -> Result<> {
    if (notification.script != "status-ready" || !status_fd) return {};
    return sys::write_all(*status_fd, std::string_view("\0", 1), "status-fd");
  };
}

// However the conversation ends: CRIU that is killed would leave the container's processes stopped,
// with its own code in them. When the socket is closed it lets go of them.
class AwaitedAtEnd {
 public:
  explicit AwaitedAtEnd(CriuProcess& criu) : criu_(criu) {}
  AwaitedAtEnd(const AwaitedAtEnd&) = delete;
  AwaitedAtEnd& operator=(const AwaitedAtEnd&) = delete;
  ~AwaitedAtEnd() { criu_.finish(); }  // also after a pre-dump, when CRIU waits for a request

 private:
  CriuProcess& criu_;
};

// Ctrl-C at the terminal is for this process, not for CRIU amid its work. A lazy migration waits
// for its other end, perhaps for ever: there it ends both. In the background of a terminal with
// `stty tostop` it would be stopped for what it writes, amid its work as well (termios(3)).
Result<> leave_process_group() {
  if (::setpgid(0, 0) != 0) {
    return errno_error("setpgid", "give CRIU a process group of its own");
  }
  if (std::signal(SIGTTOU, SIG_IGN) != SIG_ERR) return {};
  return errno_error("signal", "let CRIU write to a terminal in the background");
}

Result<criu::Response> ask_criu(const Container& container, const CheckpointOptions& options,
                                const criu::Options& request) {
  CriuLaunch launch;
  launch.binary = options.criu.binary;
  // With the directory the container's lock is CRIU's as well: where this process is killed, CRIU
  // still traces the container's, and one that is killed meanwhile can hang, and CRIU with it.
  launch.inherited = {request.images_fd, container.directory.fd()};
  if (request.work_fd >= 0) launch.inherited.push_back(request.work_fd);
  if (!request.lazy_pages) launch.prepare = leave_process_group;
  CriuProcess criu = TRY(launch_criu(launch));
  TRY(check_criu_version(criu));
  const bool pre_dump = options.pre_dump == Switch::on;
  TRY(check_criu_features(criu, {.memory_tracking = pre_dump, .lazy_pages = request.lazy_pages}));
  const auto type = pre_dump ? criu::RequestType::pre_dump : criu::RequestType::dump;
  const AwaitedAtEnd awaited(criu);
  return criu::converse(criu.socket.get(), criu::encode_request(type, request),
                        status_writer(options.status_fd));
}

Result<> dump(const Container& container, const Blueprint& blueprint,
              const CheckpointOptions& options) {
  const Observation observation = TRY(preflight(container, blueprint, options));
  const CheckpointDocument document = make_document(observation);
  const Directories directories = TRY(make_directories(options.criu));
  criu::Options request = TRY(criu_options(container, blueprint, options, directories));
  if (options.pre_dump == Switch::off) {
    TRY(write_documents(observation, document, directories.images.get()));
    add_external(observation, document, request);
  }
  const criu::Response response = TRY(ask_criu(container, options, request));
  if (response.success) return {};
  return criu_failure(response, fmt::format("{}/{}", directories.log_directory, kLogFile));
}

Result<> checkpoint_locked(const Context& context, const CheckpointOptions& options) {
  Container container = TRY(find(context.root, options.id, Lock::exclusive));
  TRY(check_status(container));
  const Blueprint blueprint = TRY(recall_blueprint(context, container));
  TRY(dump(container, blueprint, options));
  if (options.leave_running == Switch::on || options.pre_dump == Switch::on) return {};
  return destroy(context, container, blueprint.spec.hooks.poststop);
}

}  // namespace
}  // namespace container

Result<> checkpoint(const Context& context, const CheckpointOptions& options) {
  return container::checkpoint_locked(context, options)
      .context(fmt::format("checkpoint `{}`", options.id));
}

}  // namespace myrt
