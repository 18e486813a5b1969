// Messages of the handshake that carry an fd.
#include <fcntl.h>
#include <unistd.h>

#include "runtime/init/handshake.h"
#include "sys/files.h"
#include "sys/seqpacket.h"
#include "tests/support/catch.h"

namespace myrt::init {
namespace {

std::pair<Channel, Channel> channels() {
  auto pair = Channel::pair();
  REQUIRE(pair.ok());
  return std::move(pair).value();
}

}  // namespace

TEST_CASE("a tree whose ids are to be mapped comes with its step, or is refused",
          "[init][handshake][IDM-01][DIFF-44]") {
  auto [runtime, init] = channels();
  Ready asked;

  REQUIRE(runtime.send_id_mapping_done().ok());  // ahead of time, so that nothing blocks here
  REQUIRE(init.request_id_mapping(17, STDERR_FILENO).ok());
  const auto message = runtime.wait_for_hooks_or_ready(asked);
  REQUIRE(message.ok());
  CHECK(*message == Message::id_mapping_needed);
  CHECK(asked.step == 17);
  CHECK(asked.tree.valid());

  REQUIRE(sys::send_packet(init.fd(),
                           std::string(1, static_cast<char>(Message::id_mapping_needed)) + "17")
              .ok());
  const auto without_tree = runtime.wait_for_hooks_or_ready(asked);
  REQUIRE_FALSE(without_tree.ok());
  CHECK(without_tree.error().code == ErrorCode::protocol);
}

TEST_CASE("ready carries the terminal, close-on-exec", "[init][handshake][FDS-01]") {
  auto [runtime, init] = channels();
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const sys::UniqueFd reader(ends[0]);
  sys::UniqueFd writer(ends[1]);

  REQUIRE(init.send_ready(writer.get()).ok());
  writer.reset();
  Ready ready;
  const auto message = runtime.wait_for_hooks_or_ready(ready);

  REQUIRE(message.ok());
  REQUIRE(ready.terminal.valid());
  CHECK((::fcntl(ready.terminal.get(), F_GETFD) & FD_CLOEXEC) != 0);
  REQUIRE(sys::write_all(ready.terminal.get(), "hello", "pipe").ok());
  ready.terminal.reset();
  CHECK(sys::read_all(reader.get(), "pipe").value() == "hello");
}

}  // namespace myrt::init
