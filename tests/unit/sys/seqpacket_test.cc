#include "sys/seqpacket.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "sys/files.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/sys/child.h"

namespace myrt::sys {
namespace {

using test::TempDir;

std::pair<UniqueFd, UniqueFd> pair() {
  Result<std::pair<UniqueFd, UniqueFd>> sockets = seqpacket_pair();
  REQUIRE(sockets.ok());
  return std::move(sockets).value();
}

TEST_CASE("packets keep their boundaries and order", "[sys][seqpacket]") {
  const auto [left, right] = pair();
  REQUIRE(send_packet(left.get(), "one").ok());
  REQUIRE(send_packet(left.get(), std::string("t\0o", 3)).ok());

  CHECK((*receive_packet(right.get()))->bytes == "one");
  CHECK((*receive_packet(right.get()))->bytes == std::string("t\0o", 3));
  CHECK((::fcntl(left.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("fds travel with a packet and are closed on exec", "[sys][seqpacket]") {
  const TempDir dir;
  const Result<UniqueFd> file = open(dir.write("a", "text"), O_RDONLY);
  const auto [left, right] = pair();
  REQUIRE(send_packet(left.get(), "fds", {file->get(), file->get()}).ok());

  Result<std::optional<Packet>> packet = receive_packet(right.get());

  REQUIRE(packet.ok());
  REQUIRE((*packet)->fds.size() == 2);
  CHECK((*packet)->bytes == "fds");
  CHECK(*read_all((*packet)->fds[1].get(), "a") == "text");
  CHECK((::fcntl((*packet)->fds[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("the most fds that the kernel takes arrive", "[sys][seqpacket]") {
  const auto [left, right] = pair();
  REQUIRE(send_packet(left.get(), "x", std::vector<int>(253, right.get())).ok());

  CHECK((*receive_packet(right.get()))->fds.size() == 253);
  CHECK_FALSE(send_packet(left.get(), "x", std::vector<int>(254, right.get())).ok());
}

TEST_CASE("the end of the peer is no packet", "[sys][seqpacket]") {
  auto [left, right] = pair();
  REQUIRE(send_packet(left.get(), "last").ok());
  left.reset();

  CHECK((*receive_packet(right.get()))->bytes == "last");
  const Result<std::optional<Packet>> end = receive_packet(right.get());
  REQUIRE(end.ok());
  CHECK_FALSE(end->has_value());
}

TEST_CASE("a peer that died with our packet unread has not ended as it should",
          "[sys][seqpacket]") {
  auto [left, right] = pair();
  REQUIRE(send_packet(right.get(), "unread").ok());
  left.reset();

  const Result<std::optional<Packet>> end = receive_packet(right.get());

  REQUIRE_FALSE(end.ok());
  CHECK(end.error().code == ErrorCode::protocol);
}

TEST_CASE("what such a peer has sent before arrives", "[sys][seqpacket]") {
  auto [left, right] = pair();
  REQUIRE(send_packet(left.get(), "why").ok());
  REQUIRE(send_packet(right.get(), "unread").ok());
  left.reset();

  const Result<std::optional<Packet>> last = receive_packet(right.get());

  REQUIRE(last.ok());
  REQUIRE(last->has_value());
  CHECK((*last)->bytes == "why");
}

TEST_CASE("sending to a closed peer is an error and no signal", "[sys][seqpacket]") {
  auto [left, right] = pair();
  right.reset();

  const Result<> sent = send_packet(left.get(), "x");

  REQUIRE_FALSE(sent.ok());
  CHECK(sent.error().message == "send a packet of 1 bytes: broken pipe");
}

TEST_CASE("a packet at the limit arrives and a longer one is a protocol error",
          "[sys][seqpacket]") {
  const auto [left, right] = pair();
  const std::string text(1000, 'x');
  REQUIRE(send_packet(left.get(), text).ok());
  REQUIRE(send_packet(left.get(), text).ok());
  REQUIRE(send_packet(left.get(), "next").ok());

  CHECK((*receive_packet(right.get(), 1000))->bytes == text);
  const Result<std::optional<Packet>> cut = receive_packet(right.get(), 999);
  REQUIRE_FALSE(cut.ok());
  CHECK(cut.error().code == ErrorCode::protocol);
  CHECK(cut.error().message == "receive a packet: longer than 999 bytes");
  CHECK((*receive_packet(right.get()))->bytes == "next");
}

TEST_CASE("an empty packet is refused because it would read as the end", "[sys][seqpacket]") {
  const auto [left, right] = pair();

  CHECK(send_packet(left.get(), "").error().code == ErrorCode::internal);
}

TEST_CASE("a large packet arrives whole", "[sys][seqpacket]") {
  const auto [left, right] = pair();
  const std::string text(150000, 'x');
  REQUIRE(send_packet(left.get(), text).ok());

  CHECK((*receive_packet(right.get()))->bytes == text);
}

TEST_CASE("fds that do not fit into the process are a protocol error", "[sys][seqpacket]") {
  const std::string text = test::run_in_child(0, [] {
    Result<std::pair<UniqueFd, UniqueFd>> sockets = seqpacket_pair();
    const int right = sockets->second.get();
    if (!send_packet(sockets->first.get(), "x", {right, right, right}).ok()) {
      return std::string("not sent");
    }
    const auto limit = static_cast<rlim_t>(right) + 2;
    const rlimit files = {limit, limit};
    ::setrlimit(RLIMIT_NOFILE, &files);
    const Result<std::optional<Packet>> packet = receive_packet(right);
    if (packet.ok()) return std::string("received");
    // The one that did arrive was closed.
    return fmt::format("{} {}", to_string(packet.error().code),
                       ::fcntl(right + 1, F_GETFD) < 0 ? "closed" : "leaked");
  });

  CHECK(text == "protocol closed");
}

TEST_CASE("a listener is reached through its directory", "[sys][seqpacket]") {
  const TempDir dir;
  const Result<UniqueFd> fd = open(dir.path(), O_PATH | O_DIRECTORY);
  const Result<UniqueFd> listener = listen_seqpacket_at(fd->get(), "sock");
  REQUIRE(listener.ok());

  const Result<std::optional<UniqueFd>> client = connect_seqpacket_at(fd->get(), "sock");
  REQUIRE(client.ok());
  REQUIRE(client->has_value());
  const Result<UniqueFd> server = accept(listener->get());
  REQUIRE(server.ok());
  REQUIRE(send_packet((*client)->get(), "hello").ok());

  CHECK((*receive_packet(server->get()))->bytes == "hello");
  CHECK((::fcntl(server->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a socket without a listener and no socket at all are told apart from errors",
          "[sys][seqpacket]") {
  const TempDir dir;
  const Result<UniqueFd> fd = open(dir.path(), O_PATH | O_DIRECTORY);
  Result<UniqueFd> listener = listen_seqpacket_at(fd->get(), "sock");
  REQUIRE(listener.ok());
  listener->reset();

  const Result<std::optional<UniqueFd>> dead = connect_seqpacket_at(fd->get(), "sock");
  const Result<std::optional<UniqueFd>> missing = connect_seqpacket_at(fd->get(), "missing");

  REQUIRE(dead.ok());
  CHECK_FALSE(dead->has_value());
  REQUIRE(missing.ok());
  CHECK_FALSE(missing->has_value());
  CHECK(listen_seqpacket_at(fd->get(), "sock").error().message ==
        "bind socket `sock`: address already in use");
}

TEST_CASE("a socket's directory may be of any length, its name not", "[sys][seqpacket]") {
  const TempDir dir;
  const std::string deep = dir / (std::string(100, 'a') + "/" + std::string(100, 'b'));
  std::filesystem::create_directories(deep);
  const Result<UniqueFd> fd = open(deep, O_PATH | O_DIRECTORY);

  const Result<UniqueFd> listener = listen_seqpacket_at(fd->get(), "sock");

  REQUIRE(listener.ok());
  CHECK((*connect_seqpacket_at(fd->get(), "sock")).has_value());
  CHECK(listen_seqpacket_at(fd->get(), std::string(100, 'c')).error().code ==
        ErrorCode::invalid_argument);
  CHECK(listen_seqpacket_at(fd->get(), "").error().code == ErrorCode::invalid_argument);
}

TEST_CASE("one socket asks for many, and nobody hears of it", "[sys][seqpacket]") {
  const TempDir dir;
  const Result<UniqueFd> fd = open(dir.path(), O_PATH | O_DIRECTORY);
  UniqueFd listener = listen_seqpacket_at(fd->get(), "sock").value();
  REQUIRE(::fcntl(listener.get(), F_SETFL, O_NONBLOCK) == 0);
  const auto probe = SeqpacketProbe::open();
  REQUIRE(probe.ok());

  for (int i = 0; i < 3; ++i) {
    CHECK(probe->is_open(dir / "sock").value());
    CHECK_FALSE(probe->is_open(dir / "none").value());
  }
  CHECK(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC) == -1);
  listener.reset();
  CHECK_FALSE(probe->is_open(dir / "sock").value());
  CHECK(probe->is_open("/" + std::string(200, 'l')).error().code == ErrorCode::invalid_argument);
}

// A stream listener as Podman's console socket is one.
UniqueFd listen_stream(int dirfd, const std::string& name) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = fd_path(dirfd) + "/" + name;
  REQUIRE(path.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.data(), path.size());
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(::listen(fd.get(), 1) == 0);
  return fd;
}

TEST_CASE("connect_unix reaches short and long paths, and carries fds", "[sys][seqpacket]") {
  const TempDir dir;
  const std::string folder = GENERATE(as<std::string>(), "s", std::string(150, 'l'));
  std::filesystem::create_directories(dir / folder);
  const Result<UniqueFd> fd = open(dir / folder, O_PATH | O_DIRECTORY);
  const UniqueFd listener = listen_stream(fd->get(), "sock");

  const Result<UniqueFd> client = connect_unix(dir / (folder + "/sock"));
  REQUIRE(client.ok());
  const Result<UniqueFd> server = accept(listener.get());
  REQUIRE(send_packet(client->get(), "/dev/pts/0", {listener.get()}).ok());
  Result<std::optional<Packet>> packet = receive_packet(server->get());

  REQUIRE(packet.ok());
  CHECK((*packet)->bytes == "/dev/pts/0");
  CHECK((*packet)->fds.size() == 1);
}

TEST_CASE("connect_unix names the path it could not reach", "[sys][seqpacket]") {
  const TempDir dir;

  CHECK(connect_unix(dir / "sock").error().message ==
        "connect to `" + (dir / "sock") + "`: no such file or directory");
  CHECK(connect_unix(dir / (std::string(150, 'l') + "/sock")).error().errno_value == ENOENT);
  CHECK(connect_unix("").error().code == ErrorCode::invalid_argument);
  CHECK(connect_unix(std::string(150, 'n')).error().code == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace myrt::sys
