// The terminal proxy between pipes in the place of the caller's stdio and a pty of this host.
#include "runtime/container/terminal_proxy.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>

#include "sys/files.h"
#include "tests/support/catch.h"

namespace myrt::container {
namespace {

// While it lives, stdin and stdout are pipes.
class PipedStdio {
 public:
  PipedStdio() : old_stdin_(::dup(STDIN_FILENO)), old_stdout_(::dup(STDOUT_FILENO)) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) return;
    const sys::UniqueFd in_reader(in[0]);
    const sys::UniqueFd out_writer(out[1]);
    keyboard_ = sys::UniqueFd(in[1]);
    screen_ = sys::UniqueFd(out[0]);
    ::dup2(in_reader.get(), STDIN_FILENO);
    ::dup2(out_writer.get(), STDOUT_FILENO);
  }
  PipedStdio(const PipedStdio&) = delete;
  PipedStdio& operator=(const PipedStdio&) = delete;
  ~PipedStdio() { restore(); }

  void type(std::string_view text) { ignore(sys::write_all(keyboard_.get(), text, "stdin"), ""); }
  void end_of_input() { keyboard_.reset(); }
  // Gives stdio back; what was written to stdout in the meantime.
  std::string restore() {
    if (!screen_.valid()) return {};
    ::dup2(old_stdin_.get(), STDIN_FILENO);
    ::dup2(old_stdout_.get(), STDOUT_FILENO);  // the pipe has no writer any more
    const sys::UniqueFd screen = std::move(screen_);
    const auto text = sys::read_all(screen.get(), "stdout");
    return text.ok() ? *text : text.error().message;
  }

 private:
  sys::UniqueFd old_stdin_, old_stdout_, keyboard_, screen_;
};

struct Pty {
  sys::UniqueFd master, slave;
};

std::optional<Pty> make_pty() {
  Pty pty;
  pty.master = sys::UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pty.master.valid() || ::unlockpt(pty.master.get()) != 0) return std::nullopt;
  std::array<char, 64> name{};
  if (::ptsname_r(pty.master.get(), name.data(), name.size()) != 0) return std::nullopt;
  auto slave = sys::open(name.data(), O_RDWR | O_NOCTTY);
  if (!slave.ok()) return std::nullopt;
  pty.slave = std::move(slave).value();
  termios settings = {};
  if (::tcgetattr(pty.slave.get(), &settings) != 0) return std::nullopt;
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  settings.c_oflag &= ~static_cast<tcflag_t>(ONLCR);  // as init does before the program starts
  if (::tcsetattr(pty.slave.get(), TCSANOW, &settings) != 0) return std::nullopt;
  return pty;
}

// One turn of the loop that attends a container.
void turn(TerminalProxy& proxy) {
  std::array<pollfd, 2> fds = {proxy.input(), proxy.master()};
  if (::poll(fds.data(), fds.size(), 1000) > 0) proxy.handle(fds[0], fds[1]);
}

}  // namespace

TEST_CASE("without a terminal the proxy has nothing to poll and nothing to do",
          "[container][terminal]") {
  TerminalProxy proxy{sys::UniqueFd()};

  CHECK(proxy.input().fd == -1);
  CHECK(proxy.master().fd == -1);
  proxy.handle(proxy.input(), proxy.master());
  proxy.resize();
  proxy.drain();
}

TEST_CASE("what the container prints comes out as it is", "[container][terminal][PRC-01]") {
  auto pty = make_pty();
  if (!pty) {
    WARN("no pty can be made here");
    return;
  }
  PipedStdio stdio;
  TerminalProxy proxy(std::move(pty->master));

  const bool written = sys::write_all(pty->slave.get(), "one\ntwo\n", "slave").ok();
  turn(proxy);
  const std::string screen = stdio.restore();

  CHECK(written);
  CHECK(screen == "one\ntwo\n");  // plain newlines, also in a file
}

TEST_CASE("what is typed reaches the container, and the end of it ends nothing",
          "[container][terminal][PRC-01]") {
  auto pty = make_pty();
  if (!pty) {
    WARN("no pty can be made here");
    return;
  }
  PipedStdio stdio;
  TerminalProxy proxy(std::move(pty->master));

  stdio.type("ls -l\n");
  turn(proxy);
  std::array<char, 64> line{};
  const ssize_t got = ::read(pty->slave.get(), line.data(), line.size());
  stdio.end_of_input();
  turn(proxy);
  const int input_after_end = proxy.input().fd;
  const bool written = sys::write_all(pty->slave.get(), "still here", "slave").ok();
  turn(proxy);
  const std::string screen = stdio.restore();

  CHECK(got == 6);
  CHECK(std::string_view(line.data()) == "ls -l\n");
  CHECK(input_after_end == -1);
  CHECK(written);
  CHECK(screen == "still here");
}

TEST_CASE("what the terminal still holds is copied when its process is gone",
          "[container][terminal]") {
  auto pty = make_pty();
  if (!pty) {
    WARN("no pty can be made here");
    return;
  }
  PipedStdio stdio;
  TerminalProxy proxy(std::move(pty->master));

  const bool written = sys::write_all(pty->slave.get(), "last words", "slave").ok();
  pty->slave.reset();
  proxy.drain();
  const std::string screen = stdio.restore();

  CHECK(written);
  CHECK(screen == "last words");
}

TEST_CASE("a terminal that nobody has open any more is not polled", "[container][terminal]") {
  auto pty = make_pty();
  if (!pty) {
    WARN("no pty can be made here");
    return;
  }
  PipedStdio stdio;
  TerminalProxy proxy(std::move(pty->master));
  pty->slave.reset();

  turn(proxy);
  const int polled = proxy.master().fd;
  stdio.restore();

  CHECK(polled == -1);
}

TEST_CASE("a container that does not read stops the typing, not its output",
          "[container][terminal]") {
  auto pty = make_pty();
  if (!pty) {
    WARN("no pty can be made here");
    return;
  }
  termios settings = {};
  REQUIRE(::tcgetattr(pty->slave.get(), &settings) == 0);
  ::cfmakeraw(&settings);
  REQUIRE(::tcsetattr(pty->slave.get(), TCSANOW, &settings) == 0);
  PipedStdio stdio;
  TerminalProxy proxy(std::move(pty->master));

  stdio.type(std::string(60000, 'x'));
  for (int i = 0; i < 50 && proxy.input().fd >= 0; ++i) turn(proxy);
  const int input = proxy.input().fd;
  const bool written = sys::write_all(pty->slave.get(), "output", "slave").ok();
  turn(proxy);
  const std::string screen = stdio.restore();

  CHECK(input == -1);
  CHECK(written);
  CHECK(screen == "output");
}

}  // namespace myrt::container
