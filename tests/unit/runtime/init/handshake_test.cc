// The protocol between the runtime process and init: both ends of a socket pair in one process.
#include "runtime/init/handshake.h"

#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <random>
#include <vector>

#include "sys/seqpacket.h"
#include "tests/support/catch.h"

namespace myrt::init {
namespace {

constexpr Message kMessages[] = {Message::proceed,
                                 Message::runtime_hooks_needed,
                                 Message::runtime_hooks_done,
                                 Message::ready,
                                 Message::committed,
                                 Message::start,
                                 Message::id_mapping_done,
                                 Message::let_go};

std::pair<Channel, Channel> channels() {
  auto pair = Channel::pair();
  REQUIRE(pair.ok());
  return std::move(pair).value();
}

Error full_error() {
  return {.code = ErrorCode::hook_failed,
          .phase = Phase::mounts,
          .errno_value = 13,
          .syscall = "move_mount",
          .pointer = "/mounts/0",
          .message = "mounts[0]: mount `proc` to `/proc`: permission denied"};
}

// One place at which an end of the protocol waits for the other.
struct Wait {
  const char* name;
  std::vector<Message> accepted;
  const char* shown;  // what errors say it was waiting for
  std::function<Result<>(Channel&)> run;
};

template <class T>
Result<> without_value(Result<T> result) {
  if (!result.ok()) return std::move(result).error();
  return {};
}

const std::vector<Wait>& waits() {
  static const std::vector<Wait> kWaits = {
      {"wait_for_proceed",
       {Message::proceed},
       "proceed",
       [](Channel& channel) { return without_value(channel.wait_for_proceed()); }},
      {"wait_for_hooks_or_ready",
       {Message::ready, Message::runtime_hooks_needed},
       "ready",
       [](Channel& channel) {
         Ready ready;
         return without_value(channel.wait_for_hooks_or_ready(ready));
       }},
      {"request_runtime_hooks",
       {Message::runtime_hooks_done},
       "runtime_hooks_done",
       [](Channel& channel) { return channel.request_runtime_hooks(); }},
      {"request_id_mapping",
       {Message::id_mapping_done},
       "id_mapping_done",
       [](Channel& channel) { return channel.request_id_mapping(3, STDERR_FILENO); }},
      {"wait_for_let_go",
       {Message::let_go},
       "let_go",
       [](Channel& channel) { return channel.wait_for_let_go(); }},
      {"wait_for_committed",
       {Message::committed},
       "committed",
       [](Channel& channel) { return channel.wait_for_committed(); }},
      {"wait_for_start",
       {Message::start},
       "start",
       [](Channel& channel) { return without_value(channel.wait_for_start()); }},
      {"wait_for_execve", {}, "execve", [](Channel& channel) { return channel.wait_for_execve(); }},
  };
  return kWaits;
}

bool accepts(const Wait& wait, Message message) {
  return std::find(wait.accepted.begin(), wait.accepted.end(), message) != wait.accepted.end();
}

std::string packet(Message message, std::string_view payload = {}) {
  return std::string(1, static_cast<char>(message)) + std::string(payload);
}

void send_raw(const Channel& channel, std::string_view bytes) {
  REQUIRE(sys::send_packet(channel.fd(), bytes).ok());
}

}  // namespace

TEST_CASE("create's conversation goes through in order", "[init][handshake]") {
  auto [runtime, init] = channels();
  Ready ready;

  REQUIRE(runtime.send_proceed(4242).ok());
  const auto pid = init.wait_for_proceed();
  REQUIRE(pid.ok());
  CHECK(*pid == 4242);

  REQUIRE(runtime.send_runtime_hooks_done().ok());  // ahead of time, so that nothing blocks here
  REQUIRE(init.request_runtime_hooks().ok());
  const auto hooks = runtime.wait_for_hooks_or_ready(ready);
  REQUIRE(hooks.ok());
  CHECK(*hooks == Message::runtime_hooks_needed);

  REQUIRE(init.send_ready(-1).ok());
  const auto done = runtime.wait_for_hooks_or_ready(ready);
  REQUIRE(done.ok());
  CHECK(*done == Message::ready);
  CHECK_FALSE(ready.terminal.valid());

  REQUIRE(runtime.send_committed().ok());
  REQUIRE(runtime.send_start().ok());
  CHECK(init.wait_for_committed().ok());
  const auto started = init.wait_for_start();
  REQUIRE(started.ok());
  CHECK(*started);

  init.close();
  CHECK(runtime.wait_for_execve().ok());
}

TEST_CASE("a message out of turn is an error that names it and the expected one",
          "[init][handshake]") {
  std::size_t tried = 0;
  for (const Wait& wait : waits()) {
    for (const Message message : kMessages) {
      if (accepts(wait, message)) continue;
      INFO(wait.name << " gets " << to_string(message));
      auto [here, peer] = channels();
      send_raw(peer, packet(message, "7"));

      const auto result = wait.run(here);

      REQUIRE_FALSE(result.ok());
      CHECK(result.error().code == ErrorCode::protocol);
      CHECK(result.error().message == fmt::format("handshake: got `{}` while waiting for `{}`",
                                                  to_string(message), wait.shown));
      ++tried;
    }
  }
  CHECK(tried == 8 * 8 - 8);
}

TEST_CASE("a message twice is out of turn as well", "[init][handshake]") {
  auto [runtime, init] = channels();
  REQUIRE(runtime.send_proceed(1).ok());
  REQUIRE(runtime.send_proceed(1).ok());

  REQUIRE(init.wait_for_proceed().ok());
  const auto result = init.wait_for_committed();

  REQUIRE_FALSE(result.ok());
  CHECK(result.error().message == "handshake: got `proceed` while waiting for `committed`");
}

TEST_CASE("a message that does not exist is an error", "[init][handshake]") {
  for (const Wait& wait : waits()) {
    for (const std::string_view bytes : {"\x0a", "\x7f", "\x80\x01\x02", "\xff\xff\xff\xff"}) {
      INFO(wait.name);
      auto [here, peer] = channels();
      send_raw(peer, bytes);

      const auto result = wait.run(here);

      REQUIRE_FALSE(result.ok());
      CHECK(result.error().message ==
            fmt::format("handshake: got `unknown` while waiting for `{}`", wait.shown));
    }
  }
}

TEST_CASE("a packet longer than any message is an error", "[init][handshake]") {
  auto [runtime, init] = channels();
  const int bytes = 1 << 20;
  const int size = ::setsockopt(runtime.fd(), SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  if (size != 0) {
    WARN("SO_SNDBUFFORCE needs privileges: not tested");
    return;
  }
  send_raw(runtime, packet(Message::proceed, std::string(300000, '1')));

  const auto result = init.wait_for_proceed();

  REQUIRE_FALSE(result.ok());
  CHECK(result.error().code == ErrorCode::protocol);
}

TEST_CASE("proceed without a usable pid is an error", "[init][handshake]") {
  for (const std::string_view payload :
       {"", "0", "-1", "12x", " 12", "+5", "99999999999", "0x10", "1.5", "x"}) {
    INFO("payload `" << payload << "`");
    auto [runtime, init] = channels();
    send_raw(runtime, packet(Message::proceed, payload));

    const auto pid = init.wait_for_proceed();

    REQUIRE_FALSE(pid.ok());
    CHECK(pid.error().code == ErrorCode::protocol);
    CHECK(pid.error().message == "handshake: `proceed` without a pid");
  }
}

TEST_CASE("a failure arrives verbatim wherever the other end waits", "[init][handshake][LIF-02]") {
  for (const Wait& wait : waits()) {
    INFO(wait.name);
    auto [here, peer] = channels();
    peer.send_failed(full_error());
    Channel dead = std::move(peer);  // the sender exits right after it
    ::shutdown(dead.fd(), SHUT_WR);

    const auto result = wait.run(here);

    REQUIRE_FALSE(result.ok());
    CHECK(result.error() == full_error());
  }
}

TEST_CASE("a peer that dies is an error at each step but the last two", "[init][handshake]") {
  for (const Wait& wait : waits()) {
    INFO(wait.name);
    auto [here, peer] = channels();
    // Its end of the socket still takes what is sent, as when it dies a moment later.
    ::shutdown(peer.fd(), SHUT_WR);

    const auto result = wait.run(here);

    if (wait.accepted.empty() || wait.accepted.front() == Message::start) {
      CHECK(result.ok());
      continue;
    }
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::protocol);
    CHECK(result.error().message ==
          fmt::format("handshake: the peer exited before it sent `{}`", wait.shown));
  }
}

TEST_CASE("a closed peer does not start anything", "[init][handshake]") {
  auto [runtime, init] = channels();
  runtime.close();

  const auto started = init.wait_for_start();

  REQUIRE(started.ok());
  CHECK_FALSE(*started);
}

TEST_CASE("sending to a dead peer is an error and no SIGPIPE", "[init][handshake]") {
  auto [runtime, init] = channels();
  init.close();

  CHECK_FALSE(runtime.send_proceed(1).ok());
  CHECK_FALSE(runtime.send_committed().ok());
  CHECK_FALSE(runtime.send_start().ok());
  runtime.send_failed(full_error());
  SUCCEED("send_failed to nobody is not fatal");
}

TEST_CASE("a failed message that is cut anywhere is refused", "[init][handshake][CVE-2021-43784]") {
  const std::string bytes = encode_error(full_error());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO(size << " of " << bytes.size() << " bytes");
    CHECK_FALSE(decode_error(std::string_view(bytes).substr(0, size)));
    auto [runtime, init] = channels();
    send_raw(init, packet(Message::failed, std::string_view(bytes).substr(0, size)));

    const auto result = runtime.wait_for_execve();

    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::protocol);
    CHECK(result.error().message == "handshake: malformed error report");
  }
}

TEST_CASE("error reports that lie about themselves are refused",
          "[init][handshake][CVE-2021-43784]") {
  const std::string good = encode_error(full_error());
  REQUIRE(decode_error(good) == full_error());

  const auto with = [&good](std::size_t at, std::string_view bytes) {
    return std::string(good).replace(at, bytes.size(), bytes);
  };
  CHECK_FALSE(decode_error(good + "x"));
  CHECK_FALSE(decode_error(with(0, "\x0e")));  // the code after the last one
  CHECK_FALSE(decode_error(with(0, "\xff")));
  CHECK_FALSE(decode_error(with(1, "\x18")));              // the phase after the last one
  CHECK_FALSE(decode_error(with(2, "\xff\xff\xff\xff")));  // a length beyond the packet
  CHECK_FALSE(decode_error(with(2, "\x03")));              // the lengths no longer add up
  CHECK_FALSE(decode_error(with(6, "1x")));                // errno is no number
  CHECK_FALSE(decode_error(with(6, "+3")));
}

TEST_CASE("errors survive the way through the socket", "[init][handshake]") {
  std::vector<Error> errors = {Error{}, full_error()};
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    Error error = full_error();
    error.code = static_cast<ErrorCode>(code);
    errors.push_back(error);
  }
  for (int phase = 0; phase <= static_cast<int>(kLastPhase); ++phase) {
    Error error = full_error();
    error.phase = static_cast<Phase>(phase);
    errors.push_back(error);
  }
  for (const int number : {1, 133, -1, 2147483647, -2147483647 - 1}) {
    Error error = full_error();
    error.errno_value = number;
    errors.push_back(error);
  }
  Error bytes = full_error();
  bytes.message = std::string("\0\n\xff `\"", 6);
  bytes.pointer = std::string(4000, '/');
  errors.push_back(bytes);

  for (const Error& error : errors) {
    CHECK(decode_error(encode_error(error)) == error);
    auto [runtime, init] = channels();
    init.send_failed(error);
    const auto received = runtime.wait_for_execve();
    REQUIRE_FALSE(received.ok());
    CHECK(received.error() == error);
  }
}

TEST_CASE("an error with texts of any length still arrives", "[init][handshake]") {
  Error error = full_error();
  error.message = "open `" + std::string(4U << 20U, 'a') + "`";
  error.pointer = std::string(1U << 20U, '/');
  auto [runtime, init] = channels();

  init.send_failed(error);
  init.close();
  const auto received = runtime.wait_for_execve();

  REQUIRE_FALSE(received.ok());
  CHECK(received.error().code == error.code);
  CHECK(received.error().errno_value == error.errno_value);
  CHECK(received.error().message == error.message.substr(0, 16384));
}

TEST_CASE("no bytes make the decoder of errors fail", "[init][handshake][CVE-2021-43784]") {
  std::mt19937 random(20240131);  // NOLINT(cert-msc51-cpp): the same bytes each time
  const auto below = [&random](std::size_t limit) {
    return static_cast<std::size_t>(random()) % limit;
  };
  const std::string good = encode_error(full_error());
  std::size_t refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    if (round % 2 == 0) {
      bytes.resize(below(64));
      for (char& byte : bytes) byte = static_cast<char>(random());
    } else {
      bytes = good;
      for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
        bytes[below(bytes.size())] = static_cast<char>(random());
      }
    }
    const auto error = decode_error(bytes);
    if (!error) {
      ++refused;
      continue;
    }
    // Whatever was understood is a complete Error.
    if (decode_error(encode_error(*error)) != *error) FAIL("not stable in round " << round);
  }
  CHECK(refused > 10000);
  CHECK(refused < 20000);
}

}  // namespace myrt::init
