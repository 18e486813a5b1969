#include "sys/process.h"

#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "sys/files.h"

namespace myrt::sys {
namespace {

constexpr std::chrono::seconds kKillBound{10};

// 1 when it has exited, 0 when the time is up, an errno below 0 otherwise. Without memory, since a
// destructor needs it.
int poll_for_exit(int pidfd, std::optional<std::chrono::milliseconds> timeout) noexcept {
  using Clock = std::chrono::steady_clock;
  using std::chrono::milliseconds;
  const Clock::time_point start = Clock::now();
  pollfd entry = {pidfd, POLLIN, 0};
  for (;;) {
    int wait_ms = -1;
    if (timeout) {
      const milliseconds left =
          *timeout - std::chrono::duration_cast<milliseconds>(Clock::now() - start);
      wait_ms = static_cast<int>(
          std::clamp<milliseconds::rep>(left.count(), 0, std::numeric_limits<int>::max()));
    }
    const int count = ::poll(&entry, 1, wait_ms);
    if (count > 0) return (entry.revents & POLLNVAL) != 0 ? -EBADF : 1;
    if (count == 0 || errno != EINTR) return count == 0 ? 0 : -errno;
  }
}

}  // namespace

ChildProcess& ChildProcess::operator=(ChildProcess other) noexcept {
  std::swap(pid_, other.pid_);
  pidfd_.swap(other.pidfd_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  // By pidfd: a pid that someone else reaped could be another process's by now. Nothing can be done
  // about a failure here, and it has exited already in the only case that happens.
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  // What hangs in the kernel, on a dead filesystem for instance, is left for whoever reaps orphans.
  const int hang = poll_for_exit(pidfd_.get(), kKillBound) > 0 ? 0 : WNOHANG;
  siginfo_t info = {};
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info,
                  WEXITED | hang | __WALL) != 0 &&
         errno == EINTR) {
  }
}

Result<ExitStatus> ChildProcess::wait() {
  const ExitStatus status = TRY(wait_child(pid_));
  pid_ = -1;
  pidfd_.reset();
  return status;
}

namespace {

// cgroups(7), "Thread mode": where nothing may run, below a cgroup with processes and controllers
// for its children, the kernel says EOPNOTSUPP, and its reason is in cgroup.type.
std::string what_was_cloned(std::uint64_t flags, int cgroup_fd, int error) {
  std::string what = fmt::format("clone a process with flags `{:#x}`", flags);
  if (error != EOPNOTSUPP || cgroup_fd < 0) return what;
  const auto type = read_file_at(cgroup_fd, "cgroup.type");
  if (!type.ok()) return what;
  const std::string_view word = std::string_view(*type).substr(0, type->find('\n'));
  return fmt::format("{} into a cgroup whose type is `{}`", what, word);
}

}  // namespace

Result<std::optional<ChildProcess>> clone3(const CloneOptions& options) {
  int pidfd = -1;
  struct clone_args arguments = {};
  arguments.flags = options.flags | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  // With CLONE_PARENT the kernel takes the caller's own exit signal, and rejects any other.
  arguments.exit_signal = (options.flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  if (options.cgroup_fd >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(options.cgroup_fd);
  }
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid < 0) {
    const int error = errno;
    return errno_error("clone3", what_was_cloned(arguments.flags, options.cgroup_fd, error), error);
  }
  if (pid == 0) return std::optional<ChildProcess>();
  return std::optional<ChildProcess>(std::in_place, static_cast<pid_t>(pid), UniqueFd(pidfd));
}

Result<UniqueFd> pidfd_open(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  int error = errno;
  // A number that is in use as that of a session or a group only, whose leader is gone: older
  // kernels call this EINVAL and newer ones ENOENT. The flags are 0, so it is about nothing else.
  if (pid > 0 && (error == EINVAL || error == ENOENT)) error = ESRCH;
  return errno_error("pidfd_open", fmt::format("open process `{}`", pid), error);
}

Result<> pidfd_send_signal(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0) return {};
  const int error = errno;
  return errno_error("pidfd_send_signal", fmt::format("send signal `{}`", signal_name(signal)),
                     error);
}

Result<bool> wait_for_exit(int pidfd, std::optional<std::chrono::milliseconds> timeout) {
  const int count = poll_for_exit(pidfd, timeout);
  if (count < 0) return errno_error("poll", "wait for a process", -count);
  return count > 0;
}

Result<ExitStatus> wait_child(pid_t pid) {
  int status = 0;
  // __WALL: also children whose exit signal is not SIGCHLD.
  while (::waitpid(pid, &status, __WALL) < 0) {
    const int error = errno;
    if (error != EINTR) {
      return errno_error("waitpid", fmt::format("wait for process `{}`", pid), error);
    }
  }
  if (WIFSIGNALED(status)) return ExitStatus{true, WTERMSIG(status)};
  return ExitStatus{false, WEXITSTATUS(status)};
}

}  // namespace myrt::sys
