// ttrpc on the wire (containerd/ttrpc, PROTOCOL.md): frames with a header of ten bytes, and in them
// a Request or a Response as protocol buffers. Unary calls only, as containerd's task service has
// nothing else. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sys/result.h"

namespace myrt::shim::ttrpc {

constexpr std::uint32_t kMaxPayload = 4U << 20U;

enum class FrameType : std::uint8_t { request = 1, response = 2, data = 3 };

struct Frame {
  std::uint32_t stream = 0;  // odd: the client began it
  std::uint8_t type = 0;     // a FrameType, or one that this version does not know
  std::string payload;
};

// Errors are the caller's bug only: `payload` has at most kMaxPayload bytes.
std::string encode_frame(std::uint32_t stream, FrameType type, std::string_view payload);

// Bytes of a stream in, whole frames out.
class FrameReader {
 public:
  void append(std::string_view bytes) { buffer_ += bytes; }
  // The next frame; nullopt: not all of it is there yet. Errors: protocol, for a frame that is too
  // long: the connection cannot go on.
  Result<std::optional<Frame>> next();

 private:
  std::string buffer_;
};

// google.rpc.Code, as far as a shim says them.
enum class Code : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  failed_precondition = 9,
  unimplemented = 12,
  internal = 13,
};

struct Status {
  Code code = Code::ok;
  std::string message;
};

struct Request {
  std::string service, method, payload;
  std::int64_t timeout_ns = 0;  // 0: none
};

struct Response {
  Status status;
  std::string payload;
};

std::string encode_request(const Request& request);
// nullopt: malformed. Metadata is passed over: nothing here depends on it.
std::optional<Request> decode_request(std::string_view message);
std::string encode_response(const Response& response);
std::optional<Response> decode_response(std::string_view message);

}  // namespace myrt::shim::ttrpc
