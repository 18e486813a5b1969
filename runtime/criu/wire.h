// The wire format of protocol buffers, as far as CRIU's RPC uses it: varints and length-delimited
// fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace myrt::criu {

// Fields are written in the order of the calls.
class MessageWriter {
 public:
  // int32, uint32, bool and enum alike; a negative int32 takes ten bytes, as its sign is extended.
  void number(unsigned field, std::int64_t value);
  // string and nested messages.
  void bytes(unsigned field, std::string_view value);
  const std::string& message() const { return message_; }

 private:
  void varint(std::uint64_t value);
  std::string message_;
};

struct Field {
  unsigned number = 0;
  std::int64_t value = 0;  // of a varint
  std::string_view bytes;  // of a length-delimited field; points into the message
  bool operator==(const Field&) const = default;
};

// Every field of a message in its order; fixed-size fields, which the RPC does not have, are
// skipped. nullopt: malformed. Pure.
std::optional<std::vector<Field>> read_fields(std::string_view message);

}  // namespace myrt::criu
