#include <fcntl.h>
#include <sys/socket.h>

#include "shim/ttrpc/frame.h"
#include "shim/ttrpc/server.h"
#include "shim/ttrpc/stream.h"
#include "sys/files.h"
#include "sys/seqpacket.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/shim/hex.h"

using namespace myrt;
using namespace myrt::shim;
using namespace myrt::shim::ttrpc;
using namespace std::string_literals;
using test::hex;

namespace {

constexpr std::chrono::seconds kPatience(30);

std::pair<sys::UniqueFd, sys::UniqueFd> connected() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  return {sys::UniqueFd(ends[0]), sys::UniqueFd(ends[1])};
}

// A loop that gives up.
Loop bounded_loop() {
  auto loop = Loop::open();
  REQUIRE(loop.ok());
  return std::move(loop).value();
}

void write_all(int fd, std::string_view bytes) {
  REQUIRE(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(bytes.size()));
}

}  // namespace

TEST_CASE("a frame has its length, its stream, its type and its flags before the payload",
          "[ttrpc]") {
  CHECK(hex(encode_frame(3, FrameType::request, "abc")) ==
        "00000003"
        "00000003"
        "01"
        "00"
        "616263");
  CHECK(hex(encode_frame(0x01020304, FrameType::response, "")) ==
        "00000000"
        "01020304"
        "02"
        "00");
}

TEST_CASE("frames come out of a stream whole, however it is cut", "[ttrpc]") {
  const std::string bytes =
      encode_frame(1, FrameType::request, "one") + encode_frame(3, FrameType::data, "");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (const std::string& part : {bytes.substr(0, cut), bytes.substr(cut)}) {
      reader.append(part);
      while (true) {
        auto next = reader.next();
        REQUIRE(next.ok());
        if (!next.value()) break;
        frames.push_back(std::move(*next.value()));
      }
    }
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].stream == 1);
    CHECK(frames[0].payload == "one");
    CHECK(frames[1].stream == 3);
    CHECK(frames[1].type == 3);
    CHECK(frames[1].payload.empty());
  }
}

TEST_CASE("a frame of more than 4 MiB is refused before it is read", "[ttrpc]") {
  FrameReader reader;
  reader.append("\x00\x40\x00\x01\x00\x00\x00\x01\x01\x00"s);
  const auto next = reader.next();
  REQUIRE_FALSE(next.ok());
  CHECK(next.error().code == ErrorCode::protocol);
  CHECK(next.error().message == "ttrpc: a frame of 4194305 bytes, at most 4194304");

  FrameReader longest;
  longest.append("\x00\x40\x00\x00\x00\x00\x00\x01\x01\x00"s);
  CHECK(longest.next().ok());
}

TEST_CASE("requests and responses have the fields of ttrpc's messages", "[ttrpc]") {
  const std::string request = encode_request({"s", "m", "p", 5});
  CHECK(hex(request) ==
        "0a0173"
        "12016d"
        "1a0170"
        "2005");
  const auto read = decode_request(request + "\x2a\x06\x0a\x01k\x12\x01v"s);  // metadata
  REQUIRE(read);
  CHECK(read->service == "s");
  CHECK(read->method == "m");
  CHECK(read->payload == "p");
  CHECK(read->timeout_ns == 5);

  CHECK(hex(encode_response({{}, "p"})) == "120170");
  const std::string refused = encode_response({{Code::not_found, "no"}, {}});
  CHECK(hex(refused) ==
        "0a06"
        "0805"
        "12026e6f");
  const auto answer = decode_response(refused);
  REQUIRE(answer);
  CHECK(answer->status.code == Code::not_found);
  CHECK(answer->status.message == "no");
  CHECK_FALSE(decode_request("\x0a\x05xyz"s));
  CHECK_FALSE(decode_response("\x0a\x02\x0a\x05"s));
}

TEST_CASE("a stream passes on frames in both directions, also more than a socket holds",
          "[ttrpc]") {
  Loop loop = bounded_loop();
  auto [left, right] = connected();
  Stream client(loop, std::move(left)), server(loop, std::move(right));
  const std::string large(kMaxPayload, 'x');
  std::string got;
  const auto echo = [&](const Frame& frame) {
    server.send(frame.stream, FrameType::response, frame.payload);
  };
  const auto take = [&](const Frame& frame) {
    got = frame.payload;
    loop.stop();
  };
  REQUIRE(server.start(echo, [] {}).ok());
  REQUIRE(client.start(take, [] {}).ok());
  client.send(1, FrameType::request, large);
  loop.after(kPatience, [&] { loop.stop(); });
  REQUIRE(loop.run().ok());
  CHECK(got == large);
}

TEST_CASE("a stream ends once, with its peer or with what is no frame", "[ttrpc]") {
  for (const std::string& bytes : {""s, "\xff\xff\xff\xff\x00\x00\x00\x01\x01\x00"s}) {
    Loop loop = bounded_loop();
    auto [left, right] = connected();
    Stream stream(loop, std::move(left));
    int ends = 0, frames = 0;
    const auto closed = [&] {
      ++ends;
      loop.stop();
    };
    REQUIRE(stream.start([&](const Frame&) { ++frames; }, closed).ok());
    if (bytes.empty()) {
      right.reset();
    } else {
      write_all(right.get(), bytes);
    }
    loop.after(kPatience, [&] { loop.stop(); });
    REQUIRE(loop.run().ok());
    CHECK(ends == 1);
    CHECK(frames == 0);
    stream.send(1, FrameType::response, "nobody reads this");
  }
}

namespace {

// At `s`.
sys::UniqueFd listen_in(const test::TempDir& directory) {
  const auto at = sys::open(directory.path(), O_PATH | O_DIRECTORY);
  REQUIRE(at.ok());
  auto listener = sys::listen_unix_at(at->get(), "s");
  REQUIRE(listener.ok());
  REQUIRE(::fcntl(listener->get(), F_SETFL, O_NONBLOCK) == 0);
  return std::move(listener).value();
}

}  // namespace

TEST_CASE("a server answers many requests of a connection in any order", "[ttrpc]") {
  Loop loop = bounded_loop();
  const test::TempDir directory;
  Respond first;
  const auto handler = [&](const Request& request, const Respond& respond) {
    if (request.method == "later") {
      first = respond;
      return;
    }
    respond({{}, "now"});
    first({{}, "later"});
  };
  const auto server = Server::start(loop, listen_in(directory), handler);
  REQUIRE(server.ok());
  auto socket = sys::connect_unix(directory / "s");
  REQUIRE(socket.ok());
  REQUIRE(::fcntl(socket->get(), F_SETFL, O_NONBLOCK) == 0);
  Stream client(loop, std::move(socket).value());
  std::string order;
  const auto take = [&](const Frame& frame) {
    const auto response = decode_response(frame.payload);
    REQUIRE(response);
    order += fmt::format("{}:{} ", frame.stream, response->payload);
    if (frame.stream == 5) order += static_cast<int>(response->status.code) == 3 ? "refused" : "";
    if (frame.stream == 5) loop.stop();
  };
  REQUIRE(client.start(take, [] {}).ok());
  client.send(1, FrameType::request, encode_request({"s", "later", "", 0}));
  client.send(3, FrameType::request, encode_request({"s", "now", "", 0}));
  client.send(5, FrameType::request, "\x0a\x05xyz");
  loop.after(kPatience, [&] { loop.stop(); });
  REQUIRE(loop.run().ok());
  CHECK(order == "3:now 1:later 5: refused");
}

TEST_CASE("a server that nobody is connected to says so, again and again", "[ttrpc]") {
  Loop loop = bounded_loop();
  const test::TempDir directory;
  const auto server = Server::start(loop, listen_in(directory), [](const auto&, auto) {});
  REQUIRE(server.ok());
  sys::UniqueFd client;
  std::string told;
  (*server)->when_unused(std::chrono::milliseconds(20), [&] {
    told += client.valid() ? "used " : "unused ";
    if (told == "unused unused ") {
      auto connected = sys::connect_unix(directory / "s");
      REQUIRE(connected.ok());
      client = std::move(connected).value();
      // Nothing is told as long as it lasts.
      loop.after(std::chrono::milliseconds(200), [&] { client.reset(); });
    } else if (told == "unused unused unused ") {
      loop.stop();
    }
  });
  loop.after(kPatience, [&] { loop.stop(); });
  REQUIRE(loop.run().ok());
  CHECK(told == "unused unused unused ");
}
