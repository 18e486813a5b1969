#include "sys/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/files.h"
#include "sys/procfs.h"
#include "tests/support/catch.h"
#include "tests/unit/sys/child.h"

namespace myrt::sys {
namespace {

// A child that exits with `code`, or sleeps until it is killed when `code` is negative.
ChildProcess spawn(int code) {
  // Until the child is rid of the test framework's handlers, which would report from in there.
  const BlockedSignals blocked;
  Result<std::optional<ChildProcess>> child = clone3({});
  REQUIRE(child.ok());
  if (!child->has_value()) {
    const bool ready = reset_signals().ok();
    while (ready && code < 0) ::pause();
    ::_exit(code);
  }
  return std::move(**child);
}

TEST_CASE("a child's exit code arrives", "[sys][process]") {
  ChildProcess child = spawn(7);
  CHECK(child.pid() > 0);
  CHECK((::fcntl(child.pidfd(), F_GETFD) & FD_CLOEXEC) != 0);

  const Result<ExitStatus> status = child.wait();

  REQUIRE(status.ok());
  CHECK_FALSE(status->signaled);
  CHECK(status->code == 7);
  CHECK(status->shell_code() == 7);
  CHECK_FALSE(child.valid());
}

TEST_CASE("a killed child counts as a shell counts", "[sys][process]") {
  ChildProcess child = spawn(-1);
  REQUIRE(pidfd_send_signal(child.pidfd(), SIGTERM).ok());

  const Result<ExitStatus> status = child.wait();

  REQUIRE(status.ok());
  CHECK(status->signaled);
  CHECK(status->code == SIGTERM);
  CHECK(status->shell_code() == 143);
}

TEST_CASE("the end of a ChildProcess kills and reaps", "[sys][process]") {
  pid_t pid = -1;
  {
    const ChildProcess child = spawn(-1);
    pid = child.pid();
    REQUIRE(::kill(pid, 0) == 0);
  }

  CHECK(::kill(pid, 0) != 0);  // not even a zombie is left
  CHECK(::waitpid(pid, nullptr, 0) == -1);
  CHECK(errno == ECHILD);
}

TEST_CASE("the end of a ChildProcess also reaps one that has exited", "[sys][process]") {
  pid_t pid = -1;
  {
    const ChildProcess child = spawn(0);
    pid = child.pid();
    REQUIRE(*wait_for_exit(child.pidfd(), std::nullopt));
  }

  CHECK(::waitpid(pid, nullptr, WNOHANG) == -1);
}

TEST_CASE("a released child lives on", "[sys][process]") {
  pid_t pid = -1;
  {
    ChildProcess child = spawn(-1);
    pid = child.release();
  }
  REQUIRE(::kill(pid, SIGKILL) == 0);

  CHECK(wait_child(pid)->shell_code() == 137);
}

TEST_CASE("assigning over a child kills the old one and keeps the new one", "[sys][process]") {
  ChildProcess first = spawn(-1);
  const pid_t old_pid = first.pid();
  ChildProcess second = spawn(-1);
  const pid_t new_pid = second.pid();

  first = std::move(second);

  CHECK(first.pid() == new_pid);
  CHECK(::kill(old_pid, 0) != 0);
  CHECK(::kill(new_pid, 0) == 0);
}

TEST_CASE("a wait that runs out says false, and true once the process is gone", "[sys][process]") {
  ChildProcess child = spawn(-1);

  CHECK_FALSE(*wait_for_exit(child.pidfd(), std::chrono::milliseconds(0)));
  CHECK_FALSE(*wait_for_exit(child.pidfd(), std::chrono::milliseconds(5)));
  CHECK_FALSE(*wait_for_exit(child.pidfd(), std::chrono::milliseconds(-5)));
  REQUIRE(pidfd_send_signal(child.pidfd(), SIGKILL).ok());
  CHECK(*wait_for_exit(child.pidfd(), std::nullopt));
  CHECK(*wait_for_exit(child.pidfd(), std::chrono::milliseconds(0)));
}

TEST_CASE("waiting on what is no fd is an error and not an exit", "[sys][process]") {
  const Result<bool> waited = wait_for_exit(100000, std::chrono::milliseconds(0));

  REQUIRE_FALSE(waited.ok());
  CHECK(waited.error().errno_value == EBADF);
}

TEST_CASE("the leader of a session that outlives it has no pidfd", "[sys][process][STA-05]") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  const pid_t leader = ::fork();
  REQUIRE(leader >= 0);
  if (leader == 0) {
    ::setsid();
    const pid_t member = ::fork();
    while (member == 0) ::pause();
    ::_exit(::write(ends[1], &member, sizeof(member)) == sizeof(member) ? 0 : 1);
  }
  pid_t member = -1;
  REQUIRE(::read(read_end.get(), &member, sizeof(member)) == sizeof(member));
  REQUIRE(::waitpid(leader, nullptr, 0) == leader);

  const Result<UniqueFd> pidfd = pidfd_open(leader);

  ::kill(member, SIGKILL);
  REQUIRE_FALSE(pidfd.ok());
  CHECK(pidfd.error().errno_value == ESRCH);
}

TEST_CASE("a process that is gone has no pidfd and takes no signal", "[sys][process]") {
  ChildProcess child = spawn(0);
  const pid_t pid = child.pid();
  const UniqueFd pidfd = std::move(pidfd_open(pid)).value();
  REQUIRE(child.wait().ok());

  CHECK(pidfd_open(pid).error().message == fmt::format("open process `{}`: no such process", pid));
  CHECK(pidfd_send_signal(pidfd.get(), SIGTERM).error().message ==
        "send signal `SIGTERM`: no such process");
  CHECK(wait_child(pid).error().errno_value == ECHILD);
}

TEST_CASE("clone3 with flags that contradict each other says which", "[sys][process]") {
  constexpr std::uint64_t kThreadWithoutMemory = 0x10000;  // CLONE_THREAD needs CLONE_SIGHAND

  const Result<std::optional<ChildProcess>> child = clone3({kThreadWithoutMemory, -1});

  REQUIRE_FALSE(child.ok());
  CHECK(child.error().message == "clone a process with flags `0x11000`: invalid argument");
}

TEST_CASE("a sibling made with CLONE_PARENT is not killed by its maker", "[sys][process]") {
  constexpr std::uint64_t kCloneParent = 0x8000;
  // The child makes a sibling (our child), gives its pid and exits.
  const std::string text = test::run_in_child(0, [] {
    Result<std::optional<ChildProcess>> sibling = clone3({kCloneParent, -1});
    if (!sibling.ok()) return sibling.error().message;
    if (!sibling->has_value()) {
      ::close_range(3, ~0U, 0);  // the pipe of run_in_child ends with the child
      for (;;) ::pause();
    }
    return std::to_string((*sibling)->release());
  });
  const pid_t pid = std::stoi(text);

  REQUIRE(::kill(pid, SIGKILL) == 0);
  CHECK(wait_child(pid)->shell_code() == 137);
}

TEST_CASE("blocked signals arrive at the end of the scope", "[sys][process]") {
  const std::string text = test::run_in_child(0, [] {
    static volatile sig_atomic_t caught = 0;
    caught = 0;
    ::signal(SIGUSR1, [](int) { caught = 1; });
    std::string seen;
    {
      const BlockedSignals blocked;
      ::raise(SIGUSR1);
      seen += caught != 0 ? "caught inside" : "blocked";
    }
    return seen + (caught != 0 ? ", then caught" : ", then lost");
  });

  CHECK(text == "blocked, then caught");
}

}  // namespace
}  // namespace myrt::sys
