#include "shim/bootstrap.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>

#include "oci-spec/parse.h"
#include "protobuf/wire.h"
#include "runtime/myrt.h"
#include "shim/bundle_record.h"
#include "shim/dead_sockets.h"
#include "shim/messages.h"
#include "shim/options.h"
#include "shim/rootfs.h"
#include "shim/server.h"
#include "shim/sha256.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/seqpacket.h"

namespace myrt::shim {
namespace {

constexpr const char* kSocketDirectory = "/run/containerd/s";
constexpr std::array kGroupAnnotations = {"io.containerd.runc.v2.group",
                                          "io.kubernetes.cri.sandbox-id"};

// Listens at `path`, or finds that somebody does: nullopt. What a dead shim left there is replaced.
Result<std::optional<sys::UniqueFd>> listen_or_join(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  TRY(sys::make_directories(path.substr(0, slash), 0711));
  const sys::UniqueFd directory = TRY(sys::open(path.substr(0, slash), O_PATH | O_DIRECTORY));
  const std::string name = path.substr(slash + 1);
  auto listener = sys::listen_unix_at(directory.get(), name);
  if (!listener.ok() && listener.error().errno_value == EADDRINUSE) {
    if (sys::connect_unix(path).ok()) return std::optional<sys::UniqueFd>();
    ::unlinkat(directory.get(), name.c_str(), 0);
    listener = sys::listen_unix_at(directory.get(), name);
  }
  return std::optional(TRY(std::move(listener)));
}

// One more than containerd's own: of two, the kernel shall kill the shim first.
void adjust_oom_score(pid_t shim) {
  constexpr int kMax = 1000;
  const auto text = sys::read_kernel_file(fmt::format("/proc/{}/oom_score_adj", ::getppid()));
  int score = 0;
  if (!text.ok()) return;
  std::from_chars(text->data(), text->data() + text->size(), score);
  ignore(sys::write_kernel_file_at(AT_FDCWD, fmt::format("/proc/{}/oom_score_adj", shim),
                                   std::to_string(std::min(score + 1, kMax))),
         "it is a preference");
}

// fds 0 to 2 of the server: nothing of the start command's, whose pipes containerd waits on.
void detach_stdio() {
  const auto null = sys::open("/dev/null", O_RDWR);
  // For reading too: containerd may come and go.
  const auto log = sys::open("log", O_RDWR | O_NONBLOCK);
  if (!null.ok()) return;
  ::dup2(null->get(), STDIN_FILENO);
  ::dup2(null->get(), STDOUT_FILENO);
  ::dup2(log.ok() ? log->get() : null->get(), STDERR_FILENO);
}

pid_t read_pid(const std::string& bundle) {
  const auto text = sys::read_file(bundle + "/init.pid");
  pid_t pid = 0;
  if (text.ok()) std::from_chars(text->data(), text->data() + text->size(), pid);
  return pid;
}

}  // namespace

std::string group_of(std::string_view config_json, const std::string& id) {
  const auto spec = oci::parse_spec(config_json);  // whether it is valid is for Create to say
  for (const char* annotation : kGroupAnnotations) {
    const auto found = spec.value.annotations.find(annotation);
    if (found != spec.value.annotations.end() && !found->second.empty()) return found->second;
  }
  return id;
}

std::string socket_path(const std::string& containerd, const std::string& name_space,
                        const std::string& group) {
  return fmt::format("{}/{}", kSocketDirectory,
                     sha256_hex(fmt::format("{}/{}/{}", containerd, name_space, group)));
}

int answer_version(const std::string& grpc_address, const std::string& max_version) {
  constexpr int kAddressAlone = 1, kOldestJson = 2, kNewest = 3;
  if (grpc_address.empty() && max_version.empty()) return kAddressAlone;
  int version = kOldestJson;
  std::from_chars(max_version.data(), max_version.data() + max_version.size(), version);
  return std::clamp(version, kOldestJson, kNewest);
}

std::string start_answer(const std::string& address, const Environment& environment) {
  if (environment.answer_version < 2) return address;
  return fmt::format(R"({{"version":{},"address":"{}","protocol":"ttrpc"}})",
                     environment.answer_version, address);
}

Result<std::string> start(const Arguments& arguments, const Environment& environment,
                          std::string_view input, const sys::LateClose& seal) {
  const std::string config = TRY(sys::read_file("config.json"));
  const std::string path =
      socket_path(arguments.address, arguments.name_space, group_of(config, arguments.id));
  const std::string address = "unix://" + path;
  const std::string cgroup = TRY(load_options(options_in(input))).shim_cgroup;
  auto listener = TRY(listen_or_join(path));
  if (listener) {
    auto server = TRY(sys::clone3({}));
    if (!server) {
      ::setsid();
      detach_stdio();
      if (::chdir("/") != 0) return errno_error("chdir", "enter `/`");
      TRY(serve({std::move(*listener), path, arguments.name_space, environment.ttrpc_address, seal,
                 environment.is_of_containerd_1_6()}));
      return std::string();
    }
    adjust_oom_score(server->pid());
    if (!cgroup.empty()) {
      TRY(sys::write_kernel_file_at(AT_FDCWD, cgroup + "/cgroup.procs",
                                    std::to_string(server->pid()))
              .context("shim cgroup"));
    }
    server->release();
  }
  const sys::UniqueFd bundle = TRY(sys::open(".", O_PATH | O_DIRECTORY));
  TRY(sys::write_atomic_at(bundle.get(), "address", address, 0644));
  return start_answer(address, environment);
}

Result<std::string> remove(const Arguments& arguments) {
  std::string bundle = TRY(sys::read_link_at(AT_FDCWD, "/proc/self/cwd"));
  bundle.replace(bundle.rfind('/') + 1, std::string::npos, arguments.id);
  const BundleRecord record = read_bundle_record(bundle);
  Context context;
  context.root = record.root + "/" + arguments.name_space;
  if (record.systemd_cgroup) context.cgroup_manager = CgroupManager::systemd;
  const pid_t pid = read_pid(bundle);
  const auto removed = myrt::remove(context, {arguments.id, Switch::on});
  if (!removed.ok() && removed.error().code != ErrorCode::not_found) return removed.error();
  TRY(unmount_rootfs(bundle + "/rootfs"));
  remove_dead_sockets(kSocketDirectory);
  constexpr std::uint32_t kKilled = 128 + SIGKILL;
  return encode_delete_response(pid, {kKilled, std::chrono::system_clock::now()});
}

std::string info() {
  const Version version = myrt::version();
  protobuf::MessageWriter numbers;
  numbers.bytes(1, version.version);
  numbers.bytes(2, version.commit);
  protobuf::MessageWriter writer;
  writer.bytes(1, "io.containerd.myrt.v2");
  writer.bytes(2, numbers.message());
  writer.bytes(4, encode_any({"types.containerd.io/opencontainers/runtime-spec/1/features/Features",
                              myrt::features()}));
  return writer.take();
}

}  // namespace myrt::shim
