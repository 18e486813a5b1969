// Hooks as real programs of the host: their order, what they get, and how they may fail.
#include "runtime/hooks/run_hooks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "sys/unique_fd.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::hooks {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr std::string_view kState = R"({"ociVersion":"1.3.0","id":"web1","status":"creating"})";

oci::Hook shell(const std::string& script) {
  oci::Hook hook;
  hook.path = "/bin/sh";
  hook.args = {"sh", "-c", script};
  hook.env = {"PATH=/usr/bin:/bin"};
  return hook;
}

Error failure(const std::vector<oci::Hook>& hooks) {
  const auto result = run("createRuntime", hooks, kState);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().code == ErrorCode::hook_failed);
  CHECK(result.error().phase == Phase::hooks);
  return result.error();
}

void require_success(const std::vector<oci::Hook>& hooks, std::string_view state = kState) {
  const auto result = run("prestart", hooks, state);
  INFO((result.ok() ? std::string() : result.error().message));
  REQUIRE(result.ok());
}

// The process whose pid a hook wrote to the file; removed at the end of the scope.
class Daemon {
 public:
  explicit Daemon(const std::string& pid_text) : pid_(std::atoi(pid_text.c_str())) {}
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() {
    if (pid_ > 1) ::kill(pid_, SIGKILL);
  }
  bool alive() const { return pid_ > 1 && ::kill(pid_, 0) == 0; }

 private:
  pid_t pid_;
};

}  // namespace

TEST_CASE("no hooks are no work", "[hooks][HOK-01]") { require_success({}); }

TEST_CASE("hooks run one after the other, in their order", "[hooks][HOK-06]") {
  const test::TempDir directory;
  const std::string log = directory / "log";

  require_success({shell("sleep 0.05; echo -n a >> " + log), shell("echo -n b >> " + log),
                   shell("echo -n c >> " + log)});

  CHECK(directory.read("log") == "abc");
}

TEST_CASE("the first hook that fails is the last one to run", "[hooks][HOK-06][HOK-15]") {
  const test::TempDir directory;
  const std::string log = directory / "log";

  const Error error =
      failure({shell("echo -n a >> " + log), shell("exit 3"), shell("echo -n c >> " + log)});

  CHECK(directory.read("log") == "a");
  CHECK(error.message == "error running createRuntime hook #1: `/bin/sh`: exit status 3");
  CHECK(error.pointer == "/hooks/createRuntime/1");
}

TEST_CASE("each hook gets the whole state on stdin, and then its end", "[hooks][HOK-07]") {
  const test::TempDir directory;

  require_success({shell("cat > " + directory / "first"), shell("cat > " + directory / "second")});

  CHECK(directory.read("first") == kState);
  CHECK(directory.read("second") == kState);
}

TEST_CASE("a hook may leave a state of any size unread", "[hooks][HOK-07]") {
  const test::TempDir directory;
  const std::string state(1U << 20U, 'x');

  require_success({shell("exit 0"), shell("exec 0<&-; exit 0"), shell("head -c 1 > /dev/null"),
                   shell("wc -c > " + directory / "size")},
                  state);

  CHECK(std::atoi(directory.read("size").c_str()) == 1 << 20);
}

TEST_CASE("a hook that is killed is a failure that names the signal", "[hooks][HOK-15]") {
  CHECK(failure({shell("kill -9 $$")}).message ==
        "error running createRuntime hook #0: `/bin/sh`: killed by SIGKILL");
  CHECK(failure({shell("kill -TERM $$")}).message ==
        "error running createRuntime hook #0: `/bin/sh`: killed by SIGTERM");
}

TEST_CASE("what a hook says is in the error, stdout and stderr alike", "[hooks][HOK-15]") {
  CHECK(failure({shell("echo no such network >&2; exit 1")}).message ==
        "error running createRuntime hook #0: `/bin/sh`: exit status 1: no such network");
  CHECK(failure({shell("echo one; echo two >&2; exit 1")}).message ==
        "error running createRuntime hook #0: `/bin/sh`: exit status 1: one\ntwo");
}

TEST_CASE("of a long output the end is kept", "[hooks][HOK-15]") {
  const std::string message =
      failure({shell("head -c 300000 /dev/zero | tr '\\0' x; echo the last words >&2; exit 1")})
          .message;

  CHECK_THAT(message, Catch::EndsWith("xxx"
                                      "the last words"));
  CHECK(message.size() > 4096);
  CHECK(message.size() < 4200);
}

TEST_CASE("a hook's environment is exactly its own", "[hooks][HOK-04]") {
  const test::TempDir directory;
  oci::Hook hook;
  hook.path = "/bin/cp";
  ::setenv("MYRT_TEST_LEAK", "1", 1);

  SECTION("absent: empty") {
    hook.args = {"cp", "/proc/self/environ", directory / "environ"};
    require_success({hook});
    CHECK(directory.read("environ").empty());
  }
  SECTION("an empty list: empty") {
    hook.args = {"cp", "/proc/self/environ", directory / "environ"};
    hook.env.emplace();
    require_success({hook});
    CHECK(directory.read("environ").empty());
  }
  SECTION("a list: in its order, duplicates and all") {
    hook.args = {"cp", "/proc/self/environ", directory / "environ"};
    hook.env = {"B=2", "A=1", "B=3", "odd"};
    require_success({hook});
    CHECK(directory.read("environ") == std::string("B=2\0A=1\0B=3\0odd\0", 16));
  }
  ::unsetenv("MYRT_TEST_LEAK");
}

TEST_CASE("args are the whole argv, and without them it is the path", "[hooks][HOK-03]") {
  const test::TempDir directory;
  oci::Hook hook;
  hook.path = directory / "named-hook";
  REQUIRE(::symlink("/bin/mkdir", hook.path.c_str()) == 0);  // says its argv[0] when it has no more

  CHECK_THAT(failure({hook}).message, Catch::Contains(hook.path + ": missing operand"));
  hook.args = {"other-name"};
  CHECK_THAT(failure({hook}).message, Catch::Contains("other-name: missing operand"));

  oci::Hook copy;
  copy.path = "/bin/cp";
  copy.args = {"not cp", "/proc/self/cmdline", directory / "cmdline"};
  require_success({copy});
  const std::string wanted = std::string("not cp\0/proc/self/cmdline\0", 26) +
                             directory / "cmdline" + std::string(1, '\0');
  CHECK(directory.read("cmdline") == wanted);
}

TEST_CASE("a hook that cannot be executed is a failure that says why", "[hooks][HOK-15]") {
  const test::TempDir directory;
  oci::Hook hook;

  SECTION("missing") {
    hook.path = directory / "none";
    CHECK_THAT(failure({hook}).message,
               Catch::EndsWith("execute `" + hook.path + "`: no such file or directory"));
  }
  SECTION("not executable") {
    hook.path = directory.write("script", "#!/bin/sh\nexit 0\n");
    REQUIRE(::chmod(hook.path.c_str(), 0644) == 0);
    CHECK_THAT(failure({hook}).message,
               Catch::EndsWith("execute `" + hook.path + "`: permission denied"));
  }
  SECTION("a directory") {
    hook.path = directory.path();
    CHECK_THAT(failure({hook}).message,
               Catch::EndsWith("execute `" + hook.path + "`: permission denied"));
  }
  SECTION("not a program") {
    hook.path = directory.write("text", "hello\n");
    REQUIRE(::chmod(hook.path.c_str(), 0755) == 0);
    CHECK_THAT(failure({hook}).message,
               Catch::EndsWith("execute `" + hook.path + "`: exec format error"));
  }
}

TEST_CASE("a hook that outlives its timeout is killed and reaped", "[hooks][HOK-05]") {
  const test::TempDir directory;
  oci::Hook hook = shell("echo $$ > " + directory / "pid" + "; echo working; exec sleep 60");
  hook.timeout = 1;
  const auto start = Clock::now();

  const Error error = failure({hook});

  const auto took = Clock::now() - start;
  CHECK(error.message ==
        "error running createRuntime hook #0: `/bin/sh`: timed out after 1 s: working");
  CHECK(took >= seconds(1));
  CHECK(took < seconds(30));
  CHECK_FALSE(Daemon(directory.read("pid")).alive());
}

TEST_CASE("a hook that never stops talking has a timeout all the same", "[hooks][HOK-05]") {
  oci::Hook hook = shell("exec yes");
  hook.timeout = 1;

  CHECK_THAT(failure({hook}).message, Catch::Contains("timed out after 1 s: "));
}

TEST_CASE("a timeout of any size is not shorter than it says", "[hooks][HOK-05]") {
  // In milliseconds they are 16 and 2^32 - 1 above a multiple of 2^32.
  for (const int timeout : {231928234, 2147483647}) {
    oci::Hook hook = shell("sleep 0.1");
    hook.timeout = timeout;
    require_success({hook});
  }
}

TEST_CASE("a hook within its timeout succeeds", "[hooks][HOK-05]") {
  oci::Hook hook = shell("exit 0");
  hook.timeout = 60;
  const auto start = Clock::now();

  require_success({hook});

  CHECK(Clock::now() - start < seconds(30));
}

TEST_CASE("a daemon that a hook leaves behind is not waited for", "[hooks]") {
  const test::TempDir directory;
  const auto start = Clock::now();

  SECTION("one that keeps the output open") {
    require_success({shell("sleep 60 & echo $! > " + directory / "pid")});
    const Daemon daemon(directory.read("pid"));
    CHECK(daemon.alive());
  }
  SECTION("one that fills the output for ever") {
    require_success({shell("yes & echo $! > " + directory / "pid")});
    const Daemon daemon(directory.read("pid"));
  }
  SECTION("also when the hook itself fails") {
    const Error error = failure({shell("sleep 60 & echo $! > " + directory / "pid" + "; exit 7")});
    const Daemon daemon(directory.read("pid"));
    CHECK_THAT(error.message, Catch::EndsWith("exit status 7"));
  }
  CHECK(Clock::now() - start < seconds(30));
}

TEST_CASE("a hook starts with default signals, whatever the caller ignores", "[hooks][PRC-13]") {
  const test::TempDir directory;
  oci::Hook hook;
  hook.path = "/bin/cp";
  hook.args = {"cp", "/proc/self/status", directory / "status"};
  const auto old = std::signal(SIGPIPE, SIG_IGN);

  require_success({hook});
  std::signal(SIGPIPE, old);

  const std::string status = directory.read("status");
  CHECK_THAT(status, Catch::Contains("SigIgn:\t0000000000000000\n"));
  CHECK_THAT(status, Catch::Contains("SigBlk:\t0000000000000000\n"));
}

TEST_CASE("a hook has stdin, stdout and stderr, and nothing that the caller leaked",
          "[hooks][FDS-01]") {
  const test::TempDir directory;
  const sys::UniqueFd leaked(::open("/dev/null", O_RDONLY));  // NOLINT: without O_CLOEXEC
  const sys::UniqueFd far(::fcntl(leaked.get(), F_DUPFD, 200));
  REQUIRE(far.valid());

  require_success({shell("ls -m /proc/self/fd > " + directory / "fds")});

  CHECK(directory.read("fds") == "0, 1, 2, 3\n");  // 3 is the directory that ls reads
}

TEST_CASE("what confines a hook is done in its process, and its failure is the hook's",
          "[hooks][DIFF-46]") {
  const auto confined = run("startContainer", {shell("[ $(umask) = 0027 ]")}, kState, {}, {}, [] {
    ::umask(0027);
    return Result<>();
  });
  INFO((confined.ok() ? std::string() : confined.error().message));
  CHECK(confined.ok());

  const auto refused = run("startContainer", {shell("exit 0")}, kState, {}, {},
                           [] { return Result<>(errno_error("seccomp", "load it", EINVAL)); });
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message ==
        "error running startContainer hook #0: `/bin/sh`: exit status 126: load it: invalid "
        "argument");
}

TEST_CASE("a hook that a seccomp filter kills says so", "[hooks][HOK-15]") {
  CHECK(failure({shell("kill -SYS $$")}).message ==
        "error running createRuntime hook #0: `/bin/sh`: killed by SIGSYS (bad system call)");
}

}  // namespace myrt::hooks
