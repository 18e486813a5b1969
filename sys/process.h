// clone3, pidfds and waiting: processes as owned objects.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::sys {

// What wait(2) said of a process.
struct ExitStatus {
  bool signaled = false;
  int code = 0;  // the exit code, or the signal's number when `signaled`
  // As a shell counts: the code, or 128 + signal.
  int shell_code() const { return signaled ? 128 + code : code; }
};

// A child of this process. Unless released, the destructor kills (SIGKILL) and reaps it, and waits
// 10 s for that.
class ChildProcess {
 public:
  ChildProcess() = default;
  ChildProcess(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  ChildProcess(ChildProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
  ChildProcess& operator=(ChildProcess other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  bool valid() const { return pid_ > 0; }
  // Gives the process up: it lives on and is no longer reaped by this object.
  pid_t release() { return std::exchange(pid_, -1); }
  // Blocks until it exits, and reaps it. Afterwards the object is empty.
  Result<ExitStatus> wait();

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

// clone3(2) like fork: copied memory and fds. Always asks for a pidfd; exit_signal is SIGCHLD, or
// the parent's when `flags` has CLONE_PARENT. cgroup_fd >= 0 adds CLONE_INTO_CGROUP. Returns
// std::nullopt in the child. The caller must be single-threaded.
struct CloneOptions {
  std::uint64_t flags = 0;  // CLONE_NEW*, CLONE_PARENT
  int cgroup_fd = -1;
};
Result<std::optional<ChildProcess>> clone3(const CloneOptions& options);

// ESRCH for every number that is no process, whatever the kernel says.
Result<UniqueFd> pidfd_open(pid_t pid);
Result<> pidfd_send_signal(int pidfd, int signal);
// Waits until the pidfd's process has exited. nullopt waits for ever. Returns false when the time
// ran out.
Result<bool> wait_for_exit(int pidfd, std::optional<std::chrono::milliseconds> timeout);
// Reaps a child by pid, retrying EINTR.
Result<ExitStatus> wait_child(pid_t pid);

// Blocks every signal for the calling thread, and restores the old mask at the end of the scope.
class BlockedSignals {
 public:
  BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals();

 private:
  std::uint64_t old_mask_ = 0;
};

// Default disposition for every signal and an empty mask. In the child, before it waits for
// anything. CRI-O's conmon starts the runtime with SIGPIPE ignored, and that must not reach the
// container.
Result<> reset_signals();

// "TERM", "SIGTERM", "15", "RTMIN+3", "SIGRTMAX-1" in any case -> number. Errors: invalid_argument.
Result<int> parse_signal(std::string_view text);
std::string signal_name(int signal);  // "SIGKILL"; "SIGRTMIN+3"; the number when it has none

}  // namespace myrt::sys
