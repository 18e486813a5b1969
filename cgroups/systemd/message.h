// Messages of the D-Bus wire protocol, as bytes and back. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cgroups/systemd/value.h"
#include "sys/result.h"

namespace myrt::cgroups::systemd {

enum class Reply : std::uint8_t { wanted, unwanted };

struct Call {
  std::string destination, path, interface, member;
  std::vector<Value> arguments;
  Reply reply = Reply::wanted;
};
// Little-endian, as the specification lets the sender choose. `serial` is not 0.
std::string encode(const Call& call, std::uint32_t serial);

enum class MessageType : std::uint8_t { call = 1, method_return = 2, error = 3, signal = 4 };

struct Message {
  MessageType type = MessageType::signal;
  std::uint32_t reply_serial = 0;
  std::string interface, member, error_name, signature;
  std::string body;
};

// The size of the message that begins `bytes`; nullopt: more bytes are needed to tell. Errors:
// protocol when it is no message, or longer than a bus daemon's answer can be (1 MiB).
Result<std::optional<std::size_t>> message_size(std::string_view bytes);
// `bytes` is one whole message. Every length in it is checked. Errors: protocol.
Result<Message> decode(std::string_view bytes);

// The leading arguments of a body that are u, s or o: numbers as decimal text. A `v` is opened when
// it holds one of these. Errors: protocol when the body has fewer.
Result<std::vector<std::string>> leading_arguments(const Message& message, std::size_t count);

}  // namespace myrt::cgroups::systemd
