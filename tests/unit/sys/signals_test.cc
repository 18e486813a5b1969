#include <signal.h>
#include <unistd.h>

#include "sys/process.h"
#include "tests/support/catch.h"
#include "tests/unit/sys/child.h"

namespace myrt::sys {
namespace {

TEST_CASE("a signal is known by name and number", "[sys][signals][OPS-15]") {
  struct Row {
    const char* text;
    int number;
  };
  const Row row = GENERATE(
      Row{"TERM", SIGTERM}, Row{"SIGTERM", SIGTERM}, Row{"sigterm", SIGTERM}, Row{"Term", SIGTERM},
      Row{"15", 15}, Row{"9", 9}, Row{"KILL", 9}, Row{"0", 0}, Row{"HUP", SIGHUP}, Row{"64", 64},
      Row{"SIGCHLD", SIGCHLD}, Row{"CLD", SIGCHLD}, Row{"IOT", SIGABRT}, Row{"POLL", SIGIO},
      Row{"STKFLT", 16}, Row{"SYS", SIGSYS}, Row{"RTMIN", 34}, Row{"SIGRTMIN", 34},
      Row{"RTMIN+3", 37}, Row{"sigrtmin+15", 49}, Row{"SIGRTMIN+30", 64}, Row{"RTMAX", 64},
      Row{"SIGRTMAX-1", 63}, Row{"rtmax-14", 50}, Row{"RTMAX-30", 34}, Row{"RTMIN+0", 34});
  INFO(row.text);

  const Result<int> signal = parse_signal(row.text);

  REQUIRE(signal.ok());
  CHECK(*signal == row.number);
}

TEST_CASE("what is no signal is refused by its text", "[sys][signals][OPS-15]") {
  const std::string text =
      GENERATE(as<std::string>(), "", "SIG", "SIGSIGTERM", "NOPE", "65", "-1", "+9", " 9", "9 ",
               "9x", "0x9", "99999999999999999999", "RTMIN+31", "RTMAX-31", "RTMIN-1", "RTMAX+1",
               "RTMIN+", "RTMIN+-1", "RTMIN+x", "RTMIN3", "TERM ", "SIG9");
  INFO("`" << text << "`");

  const Result<int> signal = parse_signal(text);

  REQUIRE_FALSE(signal.ok());
  CHECK(signal.error().code == ErrorCode::invalid_argument);
  CHECK(signal.error().message == "signal `" + text + "`: unknown");
}

TEST_CASE("every signal's name leads back to its number", "[sys][signals]") {
  for (int signal = 1; signal <= 64; ++signal) {
    INFO(signal_name(signal));
    CHECK(*parse_signal(signal_name(signal)) == signal);
  }
  CHECK(signal_name(SIGKILL) == "SIGKILL");
  CHECK(signal_name(SIGABRT) == "SIGABRT");
  CHECK(signal_name(37) == "SIGRTMIN+3");
  CHECK(signal_name(33) == "33");
  CHECK(signal_name(65) == "65");
  CHECK(signal_name(0) == "0");
}

// What the process inherits over execve(2): ignored and blocked signals.
TEST_CASE("reset_signals leaves nothing ignored, handled or blocked", "[sys][signals]") {
  const std::string text = test::run_in_child(0, [] {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGRTMIN + 5, SIG_IGN);
    ::signal(SIGRTMAX, SIG_IGN);
    ::signal(SIGUSR1, [](int) {});
    sigset_t blocked;
    ::sigfillset(&blocked);
    ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
    const Result<> reset = reset_signals();
    if (!reset.ok()) return reset.error().message;
    const Result<std::string> status = read_file("/proc/self/status");
    std::string sets;
    for (const char* label : {"SigBlk:\t", "SigIgn:\t", "SigCgt:\t"}) {
      sets += status->substr(status->find(label) + 8, 16) + " ";
    }
    return sets;
  });

  CHECK(text == "0000000000000000 0000000000000000 0000000000000000 ");
}

TEST_CASE("a pending signal meets the default disposition", "[sys][signals]") {
  Result<std::optional<ChildProcess>> child = clone3({});
  REQUIRE(child.ok());
  if (!child->has_value()) {
    ::signal(SIGUSR1, [](int) { ::_exit(1); });
    const BlockedSignals blocked;
    ::raise(SIGUSR1);
    const bool ok = reset_signals().ok();
    ::_exit(ok ? 2 : 3);
  }

  CHECK((*child)->wait()->shell_code() == 128 + SIGUSR1);
}

}  // namespace
}  // namespace myrt::sys
