#include "runtime/container/preflight.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "mounts/sources.h"
#include "sys/procfs.h"

namespace myrt::container {
namespace {

using oci::NamespaceType;

// The words of a line, with any number of blanks between them.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = line.find_first_of(" \t");
    words.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return words;
    line.remove_prefix(end);
  }
}

template <class Function>
void for_each_line(std::string_view text, Function function) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    function(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

Error cannot(std::string pointer, std::string_view what) {
  Error error = make_error(ErrorCode::unsupported, fmt::format("{}: {}", pointer, what));
  error.pointer = std::move(pointer);
  return error;
}

Error needs(std::string_view what, std::string_view option) {
  return make_error(ErrorCode::unsupported, fmt::format("{}: needs --{}", what, option));
}

// A process may end at any moment; what it did is then of no matter.
std::string read_or_nothing(const sys::Procfs& procfs, const std::string& path) {
  auto text = procfs.read(path);
  return text.ok() ? std::move(text).value() : std::string();
}

Result<> check_tracer(const sys::Procfs& procfs, pid_t pid) {
  const std::string status = read_or_nothing(procfs, fmt::format("{}/status", pid));
  constexpr std::string_view kTracer = "TracerPid:\t";
  const std::size_t at = status.find(kTracer);
  if (at == std::string::npos || status.substr(at + kTracer.size(), 2) == "0\n") return {};
  return make_error(ErrorCode::unsupported,
                    fmt::format("process {} is being traced, by strace or a debugger", pid));
}

Result<> check_locks(const sys::Procfs& procfs, const std::vector<pid_t>& pids) {
  for (const pid_t holder : lock_holders(read_or_nothing(procfs, "locks"))) {
    if (std::ranges::find(pids, holder) != pids.end()) {
      return needs(fmt::format("process {} holds a file lock", holder), "file-locks");
    }
  }
  return {};
}

Result<> check_connections(const sys::Procfs& procfs, pid_t pid) {
  std::size_t count = 0;
  for (const char* table : {"tcp", "tcp6"}) {
    count += established_connections(read_or_nothing(procfs, fmt::format("{}/net/{}", pid, table)));
  }
  if (count == 0) return {};
  return needs(fmt::format("{} established TCP connection{}", count, count == 1 ? "" : "s"),
               "tcp-established");
}

}  // namespace

std::vector<pid_t> lock_holders(std::string_view locks) {
  std::vector<pid_t> holders;
  for_each_line(locks, [&](std::string_view line) {
    // "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF"; a waiter has "->" in the second column
    const auto words = words_of(line);
    constexpr std::size_t kPid = 4;
    if (words.size() <= kPid || words[1] == "->") return;
    pid_t pid = 0;
    const std::string_view text = words[kPid];
    std::from_chars(text.data(), text.data() + text.size(), pid);
    if (pid > 0) holders.push_back(pid);
  });
  return holders;
}

std::size_t established_connections(std::string_view tcp) {
  std::size_t count = 0;
  for_each_line(tcp, [&](std::string_view line) {
    constexpr std::size_t kState = 3;
    const auto words = words_of(line);
    if (words.size() > kState && words[kState] == "01") ++count;
  });
  return count;
}

Result<> check_checkpointable(const Blueprint& blueprint) {
  const namespaces::Plan& plan = blueprint.plan.namespaces;
  if (!plan.is_new(NamespaceType::mount)) {
    return cannot("/linux/namespaces",
                  "a checkpoint needs a mount namespace of the container's own");
  }
  if (plan.joined_user) {
    return cannot(plan.joined_user->pointer,
                  "CRIU cannot save processes in a joined user namespace");
  }
  if (plan.joins_existing(NamespaceType::cgroup)) {
    return cannot("/linux/namespaces", "CRIU cannot restore into a joined cgroup namespace");
  }
  if (!plan.net_devices.empty()) {
    return cannot("/linux/netDevices", "CRIU cannot save network devices of the host");
  }
  if (mounts::has_filesystem_mappings(blueprint.plan.mounts)) {
    return cannot("/mounts", "CRIU cannot save an id-mapped filesystem that is no bind");
  }
  if (blueprint.process && blueprint.process->filter && blueprint.process->filter->notifies) {
    return cannot("/linux/seccomp", "CRIU cannot save a filter that asks an agent");
  }
  return {};
}

Result<> check_processes(const Blueprint& blueprint, const std::vector<pid_t>& pids,
                         const std::vector<Stream>& streams, const CheckpointOptions& options) {
  const sys::Procfs& procfs = blueprint.procfs;
  for (const pid_t pid : pids) TRY(check_tracer(procfs, pid));
  if (options.criu.file_locks == Switch::off) TRY(check_locks(procfs, pids));
  // In a network namespace that is shared the connections may be others'.
  if (options.criu.tcp_established == Switch::off &&
      blueprint.plan.namespaces.is_new(NamespaceType::network)) {
    TRY(check_connections(procfs, pids.front()));
  }
  const bool own_terminal = blueprint.process && blueprint.process->process.terminal;
  for (const Stream& stream : streams) {
    if (stream.terminal && !own_terminal && options.criu.shell_job == Switch::off) {
      return needs(fmt::format("fd {} is the host's terminal `{}`", stream.fd, stream.link),
                   "shell-job");
    }
  }
  return {};
}

}  // namespace myrt::container
