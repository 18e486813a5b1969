#include "runtime/container/criu_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <unistd.h>

#include <array>

#include "runtime/criu/log_excerpt.h"
#include "runtime/init/handshake.h"
#include "sys/files.h"
#include "sys/out_of_memory.h"
#include "sys/seqpacket.h"

namespace myrt::container {
namespace {

constexpr const char* kConfigAnnotation = "org.criu.config";
constexpr std::array kConfigFiles = {"/etc/criu/myrt.conf", "/etc/criu/runc.conf"};

// The oldest that has what is asked of it: external pid namespaces and files (3.15), LSM profiles
// and mount contexts (3.16), network-lock methods (3.17).
constexpr int kMinMajor = 3;
constexpr int kMinMinor = 17;

Result<> keep_over_exec(int fd) {
  if (::fcntl(fd, F_SETFD, 0) == 0) return {};
  return errno_error("fcntl", "hand an fd to CRIU");
}

// In the new process. Returns only when it failed. The sockets are made here, since CRIU looks for
// the fds of its request at the process which made its socket: they have to be those of this mount
// namespace.
Error become_criu(const CriuLaunch& launch, init::Channel& runtime) {
  const auto steps = [&]() -> Result<sys::UniqueFd> {
    TRY(sys::reset_signals());
    if (launch.self_join != nullptr) TRY(cgroups::join_self(*launch.self_join));
    if (launch.prepare) TRY(launch.prepare());
    auto [ours, criu] = TRY(sys::seqpacket_pair());
    TRY(runtime.send_ready(ours.get()));
    // Whatever the caller of the runtime leaked is not for CRIU, nor for what it restores.
    if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
      return errno_error("close_range", "close the caller's fds");
    }
    TRY(keep_over_exec(criu.get()));
    for (const int fd : launch.inherited) TRY(keep_over_exec(fd));
    return std::move(criu);
  };
  const auto socket = steps();
  if (!socket.ok()) return socket.error();
  const std::string number = fmt::format_int(socket->get()).str();
  const char* const arguments[] = {"criu", "swrk", number.c_str(), nullptr};
  // It runs iptables, nft, ip and tar; the library does not read the caller's environment.
  const char* const environment[] = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", nullptr};
  ::execve(launch.binary.c_str(), const_cast<char* const*>(arguments),
           const_cast<char* const*>(environment));
  return errno_error("execve", fmt::format("execute `{}`", launch.binary));
}

Result<std::uint32_t> empty_namespaces(const std::vector<std::string>& names) {
  std::uint32_t flags = 0;
  for (const std::string& name : names) {
    if (name != "network") {
      return make_error(
          ErrorCode::invalid_argument,
          fmt::format("empty-ns: `{}` is not `network`, the one that CRIU knows", name));
    }
    flags |= CLONE_NEWNET;
  }
  return flags;
}

}  // namespace

void CriuProcess::finish() {
  socket.reset();
  if (!process.valid()) return;
  ignore(sys::or_out_of_memory([this] { return process.wait(); }),
         "it has answered, and its status says no more");
}

Result<CriuProcess> launch_criu(const CriuLaunch& launch) {
  if (launch.binary.empty()) {
    return make_error(ErrorCode::not_found,
                      "criu: executable file not found in $PATH: install CRIU for checkpoint and "
                      "restore");
  }
  auto [report, failure] = TRY(init::Channel::pair());
  const sys::BlockedSignals blocked;  // none may hit it before it has reset its handlers
  auto process = TRY(sys::clone3({.flags = launch.clone_flags, .cgroup_fd = launch.cgroup_fd}));
  if (!process) {
    report.close();
    // A structured binding is no variable that a lambda may capture (Clang 14).
    init::Channel& ours = failure;
    const auto failed =
        sys::or_out_of_memory([&]() -> Result<> { return become_criu(launch, ours); });
    failure.send_failed(failed.error());
    ::_exit(1);
  }
  failure.close();
  CriuProcess criu{std::move(*process), {}};
  init::Ready ready;
  TRY(report.wait_for_hooks_or_ready(ready).context("start CRIU"));
  criu.socket = std::move(ready.terminal);
  TRY(report.wait_for_execve().context("start CRIU"));
  return criu;
}

Result<> check_criu_version(const CriuProcess& criu) {
  const auto answer = TRY(criu::converse(criu.socket.get(), criu::encode_version_request()));
  const auto [major, minor, sublevel] = answer.version;
  if (major > kMinMajor || (major == kMinMajor && minor >= kMinMinor)) return {};
  return make_error(ErrorCode::unsupported,
                    fmt::format("CRIU {}.{}.{} is too old: {}.{} or newer is needed", major, minor,
                                sublevel, kMinMajor, kMinMinor));
}

Result<> check_criu_features(const CriuProcess& criu, const NeededFeatures& needed) {
  if (!needed.memory_tracking && !needed.lazy_pages) return {};
  const auto answer = TRY(criu::converse(criu.socket.get(), criu::encode_feature_request()));
  if (needed.memory_tracking && !answer.features.memory_tracking) {
    return make_error(ErrorCode::unsupported,
                      "pre-dump: this kernel cannot track changed memory (CONFIG_MEM_SOFT_DIRTY)");
  }
  if (needed.lazy_pages && !answer.features.lazy_pages) {
    return make_error(ErrorCode::unsupported,
                      "lazy-pages: this kernel or this CRIU has no userfaultfd");
  }
  return {};
}

Error criu_failure(const criu::Response& response, const std::string& log_path) {
  std::string text = fmt::format("criu failed: type {} errno {}\nlog file: {}",
                                 criu::to_string(response.type), response.error_number, log_path);
  const auto log = sys::read_file(log_path);
  const std::string lines = log.ok() ? criu::error_lines(*log) : std::string();
  if (!lines.empty()) {
    text += "\n" + lines;
  } else if (!response.error_message.empty()) {
    text += "\n" + response.error_message;
  }
  return make_error(ErrorCode::system, std::move(text));
}

Result<criu::Options> shared_criu_options(const CriuOptions& options) {
  criu::Options shared;
  shared.tcp_established = options.tcp_established == Switch::on;
  shared.external_unix_sockets = options.external_unix_sockets == Switch::on;
  shared.shell_job = options.shell_job == Switch::on;
  shared.file_locks = options.file_locks == Switch::on;
  shared.link_remap = options.link_remap == Switch::on;
  shared.auto_dedup = options.auto_dedup == Switch::on;
  shared.lazy_pages = options.lazy_pages == Switch::on;
  shared.orphan_pts_master = true;
  shared.external_masters = true;
  shared.empty_namespaces = TRY(empty_namespaces(options.empty_namespaces));
  if (!options.manage_cgroups_mode.empty()) {
    const auto mode = criu::parse_cgroup_mode(options.manage_cgroups_mode);
    if (!mode) {
      return make_error(ErrorCode::invalid_argument,
                        fmt::format("invalid manage-cgroups-mode `{}`: expected soft, full, strict "
                                    "or ignore",
                                    options.manage_cgroups_mode));
    }
    shared.cgroup_mode = *mode;
  }
  if (!options.network_lock.empty()) {
    shared.network_lock = criu::parse_network_lock(options.network_lock);
    if (!shared.network_lock) {
      return make_error(
          ErrorCode::invalid_argument,
          fmt::format("invalid network-lock `{}`: expected iptables, nftables or skip",
                      options.network_lock));
    }
  }
  return shared;
}

std::string criu_config_file(const std::map<std::string, std::string>& annotations) {
  const auto named = annotations.find(kConfigAnnotation);
  if (named != annotations.end()) return named->second;  // empty: none
  for (const char* file : kConfigFiles) {
    if (sys::exists_at(AT_FDCWD, file)) return file;
  }
  return {};
}

}  // namespace myrt::container
