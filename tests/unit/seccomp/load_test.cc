// The real kernel takes what the compiler makes. Unprivileged: with no_new_privs, in a child.
#include "seccomp/load.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "seccomp/names.h"
#include "seccomp/notify.h"
#include "sys/seqpacket.h"
#include "tests/support/catch.h"
#include "tests/unit/seccomp/profiles.h"

namespace myrt {
namespace {

using test::compiled;
using test::entry;
using test::profile;

// The exit code of a child that runs `body` after no_new_privs, or 1000 + the signal that killed
// it.
int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST_CASE("the kernel applies a loaded filter", "[seccomp][SEC-01][SEC-17]") {
  auto seccomp = profile("SCMP_ACT_ALLOW",
                         {entry({"mkdirat"}, "SCMP_ACT_ERRNO"),
                          entry({"getppid"}, "SCMP_ACT_ERRNO",
                                {{.index = 0, .value = 7, .value_two = 0, .op = "SCMP_CMP_EQ"}}),
                          entry({"rmdir"}, "SCMP_ACT_KILL_PROCESS")});
  seccomp.syscalls[0].errno_ret = 77;
  const auto program = compiled(seccomp);

  CHECK(in_child([&] {
          const auto loaded = seccomp::load(program);
          if (!loaded.ok() || loaded.value().has_value()) return 1;
          if (::syscall(SYS_mkdirat, -1, "x", 0) != -1 || errno != 77) return 2;
          if (::syscall(SYS_getppid, 7) != -1 || errno != EPERM) return 3;
          return ::syscall(SYS_getppid, 8) > 0 ? 0 : 4;
        }) == 0);
  CHECK(in_child([&] {
          if (!seccomp::load(program).ok()) return 1;
          return static_cast<int>(::syscall(SYS_rmdir, "/nowhere"));
        }) == 1000 + SIGSYS);
}

// A sanitizer's own system calls would be denied as well, and it ends the process then.
#if defined(__SANITIZE_ADDRESS__)
#define MYRT_UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MYRT_UNDER_SANITIZER 1
#endif
#endif
#ifndef MYRT_UNDER_SANITIZER
TEST_CASE("a call that is newer than the profile gets ENOSYS from the kernel's filter, too",
          "[seccomp][SEC-18]") {
  const auto program =
      compiled(profile("SCMP_ACT_ERRNO", {entry({"exit_group", "openat2"}, "SCMP_ACT_ALLOW")}));

  CHECK(in_child([&] {
          if (!seccomp::load(program).ok()) return 1;
          if (::syscall(SYS_getppid) != -1 || errno != EPERM) return 2;
          return ::syscall(100000) == -1 && errno == ENOSYS ? 0 : 3;
        }) == 0);
}
#endif

TEST_CASE("without privileges and no_new_privs a filter is refused", "[seccomp][SEC-17]") {
  const auto program = compiled(profile("SCMP_ACT_ALLOW"));
  const pid_t pid = ::fork();
  if (pid == 0) {
    // Uid 65534 leaves CAP_SYS_ADMIN behind; for a test that runs without root it changes nothing.
    if (::geteuid() == 0 && ::syscall(SYS_setresuid, 65534, 65534, 65534) != 0) ::_exit(1);
    const auto loaded = seccomp::load(program);
    ::_exit(!loaded.ok() && loaded.error().errno_value == EACCES ? 0 : 2);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a listener goes to the agent with the first bytes, once", "[seccomp][NTF-04][NTF-05]") {
  auto seccomp = profile("SCMP_ACT_ALLOW", {entry({"mkdirat"}, "SCMP_ACT_NOTIFY")});
  seccomp.listener_path = "/unused";
  const auto program = compiled(seccomp);
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  sys::UniqueFd agent(ends[0]), runtime(ends[1]);
  // Longer than the socket's buffer, so that it goes in several pieces.
  const std::string state = "{\"metadata\":\"" + std::string(1U << 20U, 'x') + "\"}";

  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const auto listener = seccomp::load(program);
    if (!listener.ok() || !listener.value()) ::_exit(1);
    const int fd = listener.value()->get();
    if ((::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) ::_exit(2);
    ::_exit(seccomp::send_listener(runtime.get(), fd, state).ok() ? 0 : 3);
  }
  runtime.reset();
  std::string received;
  std::size_t fds = 0;
  for (;;) {
    auto packet = sys::receive_packet(agent.get());
    REQUIRE(packet.ok());
    if (!packet.value()) break;
    received += packet.value()->bytes;
    fds += packet.value()->fds.size();
    if (received.size() == packet.value()->bytes.size()) CHECK(fds == 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);

  CHECK(WEXITSTATUS(status) == 0);
  CHECK(fds == 1);
  CHECK(received == state);
}

TEST_CASE("an agent that has gone is an error", "[seccomp][NTF-06]") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const sys::UniqueFd runtime(ends[1]);
  ::close(ends[0]);

  const auto sent = seccomp::send_listener(runtime.get(), runtime.get(), "{}");

  REQUIRE_FALSE(sent.ok());
  CHECK(sent.error().errno_value == EPIPE);
}

TEST_CASE("feature lists name what is recognised", "[seccomp][SEC-04][SEC-06][SEC-15]") {
  CHECK(seccomp::operator_names().size() == 7);
  CHECK(seccomp::known_flags().size() == 4);
  const auto supported = seccomp::supported_flags();
  CHECK(supported.size() >= 3);  // the fourth came with Linux 5.19
  CHECK(supported.front() == "SECCOMP_FILTER_FLAG_TSYNC");
  const auto architectures = seccomp::arch_names();
  CHECK(architectures.size() >= 19);
  CHECK(architectures.front() == "SCMP_ARCH_X86");
  CHECK(seccomp::library_version().starts_with("2."));
}

}  // namespace
}  // namespace myrt
