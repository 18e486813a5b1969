// What a CRIU process says: its wire format, its answers, a conversation, its log. The first letter
// chooses.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>

#include "protobuf/wire.h"
#include "runtime/criu/conversation.h"
#include "runtime/criu/log_excerpt.h"
#include "sys/seqpacket.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace myrt;

constexpr std::size_t kMaxPackets = 8;

// A double by its bits: not every one equals itself.
bool is_same(const protobuf::Field& a, const protobuf::Field& b) {
  return a.number == b.number && a.value == b.value && a.bytes == b.bytes &&
         std::bit_cast<std::uint64_t>(a.real) == std::bit_cast<std::uint64_t>(b.real);
}

void write(const protobuf::Field& field, protobuf::MessageWriter& writer) {
  if (!field.bytes.empty()) {
    writer.bytes(field.number, field.bytes);
  } else if (std::bit_cast<std::uint64_t>(field.real) != 0) {
    writer.real(field.number, field.real);
  } else {
    writer.number(field.number, field.value);
  }
}

// The fields are parts of the message and nothing else, and every kind can be written back.
void wire(fuzz::Input input) {
  const auto fields = protobuf::read_fields(input.rest());
  if (!fields) return;
  protobuf::MessageWriter writer;
  for (const protobuf::Field& field : *fields) {
    if (!field.bytes.empty()) {
      HOLDS(field.bytes.data() >= input.rest().data(), "before the message");
      HOLDS(field.bytes.data() + field.bytes.size() <= input.rest().data() + input.rest().size(),
            "behind the message");
    }
    write(field, writer);
  }
  const auto again = protobuf::read_fields(writer.message());
  HOLDS(again && std::equal(again->begin(), again->end(), fields->begin(), fields->end(), is_same),
        "written and read back, they differ");
}

void check_response(const Result<criu::Response>& response) {
  if (!response.ok()) return fuzz::check_error(response.error(), {ErrorCode::protocol});
  HOLDS(!criu::to_string(response->type).empty(), "a type without a name");
}

void response(fuzz::Input input) { check_response(criu::decode_response(input.rest())); }

// CRIU has said all of it and gone: nothing may block.
void conversation(fuzz::Input input) {
  auto pair = sys::seqpacket_pair();
  HOLDS(pair.ok(), "no sockets");
  std::size_t sent = 0;
  for (const std::string& packet : input.lines()) {
    if (sent == kMaxPackets || !sys::send_packet(pair->second.get(), packet).ok()) break;
    ++sent;
  }
  ::shutdown(pair->second.get(), SHUT_WR);
  std::size_t heard = 0;
  const auto answer = criu::converse(pair->first.get(), "r", [&](criu::Notification& notification) {
    HOLDS(notification.fds.empty(), notification.script);
    ++heard;
    return Result<>();
  });
  HOLDS(heard <= sent, "more notifications than packets");
  check_response(answer);
}

void log_excerpt(fuzz::Input input) {
  const std::string lines = criu::error_lines(input.rest(), 3);
  HOLDS(lines.size() <= input.rest().size(), lines);
}

constexpr std::array kReaders = {wire, response, conversation, log_excerpt};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  myrt::fuzz::Input input(data, size);
  kReaders.at(input.choice(kReaders.size()))(input);
  return 0;
}
