// The wire format of protocol buffers (protobuf.dev, "Encoding"), as far as CRIU's RPC and
// containerd's services use it: varints, length-delimited fields and doubles.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace myrt::protobuf {

// Fields are written in the order of the calls.
class MessageWriter {
 public:
  // int32, uint32, bool and enum alike; a negative int32 takes ten bytes, as its sign is extended.
  void number(unsigned field, std::int64_t value);
  // string and nested messages.
  void bytes(unsigned field, std::string_view value);
  void real(unsigned field, double value);
  // The same, but for the default of proto3, which is not written.
  void number_unless_zero(unsigned field, std::int64_t value);
  void bytes_unless_empty(unsigned field, std::string_view value);
  const std::string& message() const { return message_; }
  std::string take() { return std::move(message_); }

 private:
  void varint(std::uint64_t value);
  std::string message_;
};

struct Field {
  unsigned number = 0;
  std::int64_t value = 0;  // of a varint
  std::string_view bytes;  // of a length-delimited field; points into the message
  double real = 0;         // of a 64-bit field
  bool operator==(const Field&) const = default;
};

// Every field of a message in its order; what is in a field of 32 bits is passed over. nullopt:
// malformed. Pure.
std::optional<std::vector<Field>> read_fields(std::string_view message);

}  // namespace myrt::protobuf
