// What the two ends of a creation say to each other: an Error as bytes, and packets that come when
// they please. The container's init is the peer, and it may be anybody's by then.
#include "runtime/init/handshake.h"

#include <sys/socket.h>

#include <array>

#include "sys/seqpacket.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace myrt;
using init::Channel;

constexpr std::size_t kMaxTextBytes = 16384;
constexpr std::size_t kMaxPackets = 8;

bool fits(const Error& error) {
  return error.syscall.size() <= kMaxTextBytes && error.pointer.size() <= kMaxTextBytes &&
         error.message.size() <= kMaxTextBytes;
}

void check_decoder(std::string_view bytes) {
  const auto error = init::decode_error(bytes);
  if (!error) return;
  HOLDS(to_string(error->code) != "unknown" && to_string(error->phase) != "unknown",
        "an enumerator");
  const auto again = init::decode_error(init::encode_error(*error));
  HOLDS(again.has_value(), "what was decoded cannot be encoded");
  HOLDS(!fits(*error) || *again == *error, error->message);
}

void check_encoder(fuzz::Input input) {
  Error error;
  error.code = static_cast<ErrorCode>(input.byte() % (static_cast<int>(ErrorCode::internal) + 1));
  error.phase = static_cast<Phase>(input.byte() % (static_cast<int>(Phase::remove) + 1));
  error.errno_value = static_cast<int>(input.number());
  error.syscall = input.line();
  error.pointer = input.line();
  error.message = input.rest();
  const auto decoded = init::decode_error(init::encode_error(error));
  HOLDS(decoded.has_value(), error.message);
  HOLDS(!fits(error) || *decoded == error, error.message);
}

// Every way in which an end waits. An Error may be the peer's own words.
using Wait = Result<bool> (*)(Channel& channel);
template <class T>
Result<bool> outcome(Result<T> result) {
  if (!result.ok()) return std::move(result).error();
  return true;
}
constexpr std::array<Wait, 6> kWaits = {
    [](Channel& channel) { return outcome(channel.wait_for_proceed()); },
    [](Channel& channel) {
      init::Ready ready;
      return outcome(channel.wait_for_hooks_or_ready(ready));
    },
    [](Channel& channel) { return outcome(channel.wait_for_execve()); },
    [](Channel& channel) { return outcome(channel.request_runtime_hooks()); },
    [](Channel& channel) { return outcome(channel.wait_for_committed()); },
    [](Channel& channel) { return channel.wait_for_start(); },
};

// The peer has said all of it before the first wait: none may block.
void check_channel(fuzz::Input input) {
  auto pair = sys::seqpacket_pair();
  HOLDS(pair.ok(), "no sockets");
  const Wait wait = kWaits.at(input.choice(kWaits.size()));
  std::size_t sent = 0;
  for (const std::string& packet : input.lines()) {
    if (sent == kMaxPackets || !sys::send_packet(pair->second.get(), packet).ok()) break;
    ++sent;
  }
  Channel channel(std::move(pair->first));
  ::shutdown(pair->second.get(), SHUT_WR);
  for (std::size_t i = 0; i <= sent; ++i) {
    const auto waited = wait(channel);
    if (waited.ok()) continue;
    HOLDS(to_string(waited.error().code) != "unknown", waited.error().message);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  myrt::fuzz::Input input(data, size);
  switch (input.choice(3)) {
    case 0:
      check_decoder(input.rest());
      break;
    case 1:
      check_encoder(input);
      break;
    default:
      check_channel(input);
      break;
  }
  return 0;
}
