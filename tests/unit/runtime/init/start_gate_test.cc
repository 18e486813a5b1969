// The gate between `create` and `start`: waiting, looking and starting in one process.
#include "runtime/init/start_gate.h"

#include <poll.h>

#include "sys/files.h"
#include "sys/seqpacket.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::init {
namespace {

struct GateFixture {
  test::TempDir directory;
  sys::UniqueFd fd = sys::open(directory.path(), O_RDONLY | O_DIRECTORY).value();

  StartGate open() const {
    auto gate = StartGate::open(fd.get());
    REQUIRE(gate.ok());
    return std::move(gate).value();
  }
  Channel knocking() const {
    auto channel = knock(fd.get());
    REQUIRE(channel.ok());
    REQUIRE(channel->has_value());
    return std::move(**channel);
  }
  bool waiting() const {
    const auto result = is_waiting(fd.get());
    REQUIRE(result.ok());
    return *result;
  }
};

// Whether somebody stands at the gate.
bool has_visitor(const StartGate& gate) {
  pollfd entry = {gate.fd(), POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1;
}

}  // namespace

TEST_CASE_METHOD(GateFixture, "nobody waits at a gate that was never opened",
                 "[init][gate][STA-05]") {
  CHECK_FALSE(waiting());
  const auto channel = knock(fd.get());
  REQUIRE(channel.ok());
  CHECK_FALSE(channel->has_value());
}

TEST_CASE_METHOD(GateFixture, "nobody waits at the gate of an init that is gone",
                 "[init][gate][STA-05]") {
  {
    const StartGate gate = open();
    CHECK(waiting());
  }

  CHECK(sys::exists_at(fd.get(), kStartGateName));
  CHECK_FALSE(waiting());
  const auto channel = knock(fd.get());
  REQUIRE(channel.ok());
  CHECK_FALSE(channel->has_value());
}

TEST_CASE_METHOD(GateFixture, "a file of the gate's name is not a gate", "[init][gate]") {
  directory.write(kStartGateName, "");

  CHECK_FALSE(waiting());
}

TEST_CASE_METHOD(GateFixture, "a gate is opened once", "[init][gate]") {
  const StartGate gate = open();

  const auto second = StartGate::open(fd.get());

  REQUIRE_FALSE(second.ok());
  CHECK(second.error().errno_value == EADDRINUSE);
  CHECK(waiting());
}

TEST_CASE_METHOD(GateFixture, "looking at the gate does not start, and start does",
                 "[init][gate][OPS-11]") {
  const StartGate gate = open();
  CHECK(waiting());
  CHECK(waiting());
  { const Channel dead_starter = knocking(); }
  Channel starter = knocking();
  REQUIRE(starter.send_start().ok());

  auto channel = gate.wait();

  REQUIRE(channel.ok());
  CHECK_FALSE(has_visitor(gate));  // those who only looked were let go
  channel->close();                // as execve does
  CHECK(starter.wait_for_execve().ok());
}

TEST_CASE_METHOD(GateFixture, "the starter hears what went wrong", "[init][gate][LIF-08]") {
  const StartGate gate = open();
  Channel starter = knocking();
  REQUIRE(starter.send_start().ok());
  auto channel = gate.wait();
  REQUIRE(channel.ok());
  Error error = make_error(ErrorCode::hook_failed,
                           "error running startContainer hook #0: `/x`: exit status 1");
  error.phase = Phase::hooks;

  channel->send_failed(error);
  channel->close();
  const auto heard = starter.wait_for_execve();

  REQUIRE_FALSE(heard.ok());
  CHECK(heard.error() == error);
}

TEST_CASE_METHOD(GateFixture, "of two starters the second is not answered",
                 "[init][gate][OPS-10]") {
  std::optional<StartGate> gate = open();
  Channel first = knocking();
  Channel second = knocking();
  REQUIRE(first.send_start().ok());
  REQUIRE(second.send_start().ok());

  auto channel = gate->wait();
  REQUIRE(channel.ok());
  CHECK(has_visitor(*gate));
  gate.reset();  // execve closes the listener with the connection
  channel->close();

  CHECK(first.wait_for_execve().ok());
  CHECK_FALSE(waiting());
}

TEST_CASE_METHOD(GateFixture, "anything but start at the gate is an error", "[init][gate]") {
  const StartGate gate = open();
  Channel visitor = knocking();
  REQUIRE(visitor.send_committed().ok());

  const auto channel = gate.wait();

  REQUIRE_FALSE(channel.ok());
  CHECK(channel.error().message == "handshake: got `committed` while waiting for `start`");
}

TEST_CASE("a gate works in a directory with a path longer than a socket address", "[init][gate]") {
  const test::TempDir directory;
  const std::string name(200, 'd');
  const sys::UniqueFd parent = sys::open(directory.path(), O_RDONLY | O_DIRECTORY).value();
  REQUIRE(sys::mkdir_at(parent.get(), name, 0700).ok());
  const sys::UniqueFd fd = sys::open(directory / name, O_RDONLY | O_DIRECTORY).value();

  const auto gate = StartGate::open(fd.get());

  REQUIRE(gate.ok());
  CHECK(is_waiting(fd.get()).value());
}

}  // namespace myrt::init
