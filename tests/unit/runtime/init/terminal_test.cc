// The container's terminal: what an image may put at /dev/pts/ptmx, and what the console socket
// gets.
#include "runtime/init/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/files.h"
#include "sys/seqpacket.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::init {
namespace {

sys::UniqueFd directory_fd(const std::string& path) {
  auto fd = sys::open(path, O_PATH | O_DIRECTORY);
  REQUIRE(fd.ok());
  return std::move(fd).value();
}

Error refused(const test::TempDir& root) {
  const auto terminal = open_terminal(directory_fd(root.path()).get(), std::nullopt);
  REQUIRE_FALSE(terminal.ok());
  return terminal.error();
}

// A terminal of this host; nullopt where its devpts is not ours to open.
std::optional<Terminal> host_terminal(const std::optional<oci::ConsoleSize>& size) {
  auto terminal = open_terminal(directory_fd("/").get(), size);
  if (terminal.ok()) return std::move(terminal).value();
  WARN("no terminal can be made here: " << terminal.error().message);
  return std::nullopt;
}

}  // namespace

TEST_CASE("only a real ptmx of a real devpts becomes a terminal",
          "[init][terminal][CVE-2025-52565]") {
  const test::TempDir root;
  root.write("dev/pts/placeholder", "");
  const std::string ptmx = root / "dev/pts/ptmx";

  SECTION("a file") {
    root.write("dev/pts/ptmx", "");
    const Error error = refused(root);
    CHECK(error.code == ErrorCode::invalid_config);
    CHECK(error.pointer == "/process/terminal");
    CHECK_THAT(error.message, Catch::EndsWith("no devpts is mounted at `/dev/pts`"));
  }
  SECTION("a fifo, which must not block") {
    REQUIRE(::mkfifo(ptmx.c_str(), 0600) == 0);
    CHECK(refused(root).pointer == "/process/terminal");
  }
  SECTION("a symlink to the host's") {
    REQUIRE(::symlink("/dev/ptmx", ptmx.c_str()) == 0);
    CHECK(refused(root).code == ErrorCode::system);
  }
  SECTION("a symlink on the way, which does not leave the root") {
    const test::TempDir other;
    REQUIRE(::symlink("../../../../../../dev/pts", (root / "dev/elsewhere").c_str()) == 0);
    REQUIRE(::rename((root / "dev/pts").c_str(), (root / "dev/old").c_str()) == 0);
    REQUIRE(::rename((root / "dev/elsewhere").c_str(), (root / "dev/pts").c_str()) == 0);
    CHECK(refused(root).code == ErrorCode::system);
  }
  SECTION("nothing") { CHECK(refused(root).errno_value == ENOENT); }
}

TEST_CASE("a terminal has the size of the config", "[init][terminal][PRC-03]") {
  const auto terminal = host_terminal(oci::ConsoleSize{.height = 24, .width = 65535});
  if (!terminal) return;

  winsize size = {};
  REQUIRE(::ioctl(terminal->slave.get(), TIOCGWINSZ, &size) == 0);
  CHECK(size.ws_row == 24);
  CHECK(size.ws_col == 65535);
}

TEST_CASE("both ends of a terminal are connected, blocking and close-on-exec",
          "[init][terminal][PRC-01][FDS-01]") {
  const auto terminal = host_terminal(std::nullopt);
  if (!terminal) return;

  REQUIRE(sys::write_all(terminal->slave.get(), "hello", "slave").ok());
  char text[16] = {};
  CHECK(::read(terminal->master.get(), text, sizeof text) == 5);
  CHECK(std::string_view(text) == "hello");
  for (const int fd : {terminal->master.get(), terminal->slave.get()}) {
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
  }
}

TEST_CASE("a terminal that is copied to stdout has plain newlines", "[init][terminal][PRC-01]") {
  const auto terminal = host_terminal(std::nullopt);
  if (!terminal) return;

  REQUIRE(keep_newlines(*terminal).ok());
  REQUIRE(sys::write_all(terminal->slave.get(), "one\ntwo\n", "slave").ok());

  char text[16] = {};
  REQUIRE(::read(terminal->master.get(), text, sizeof text) == 8);
  CHECK(std::string_view(text) == "one\ntwo\n");
}

TEST_CASE("the console socket gets one message: the name, with the master",
          "[init][terminal][PRC-01]") {
  const auto terminal = host_terminal(std::nullopt);
  if (!terminal) return;
  const auto sockets = sys::seqpacket_pair();
  REQUIRE(sockets.ok());

  REQUIRE(send_terminal(sockets->first.get(), *terminal).ok());
  const auto packet = sys::receive_packet(sockets->second.get());

  REQUIRE(packet.ok());
  REQUIRE(packet->has_value());
  CHECK_THAT((*packet)->bytes, Catch::StartsWith("/dev/pts/"));
  REQUIRE((*packet)->fds.size() == 1);
  unsigned sent = 0;
  unsigned received = 1;
  REQUIRE(::ioctl(terminal->master.get(), TIOCGPTN, &sent) == 0);
  REQUIRE(::ioctl((*packet)->fds[0].get(), TIOCGPTN, &received) == 0);
  CHECK(sent == received);
  CHECK((*packet)->bytes == fmt::format("/dev/pts/{}", sent));
}

}  // namespace myrt::init
