#include "shim/ttrpc/frame.h"

#include "protobuf/wire.h"

namespace myrt::shim::ttrpc {
namespace {

// length, stream, type, flags; numbers are big-endian.
constexpr std::size_t kStreamOffset = 4, kTypeOffset = 8, kHeaderSize = 10;
constexpr unsigned kByteBits = 8;

void append_number(std::string& to, std::uint32_t number) {
  for (std::size_t i = sizeof number; i-- > 0;) {
    to.push_back(static_cast<char>(number >> (i * kByteBits)));
  }
}

std::uint32_t number_at(std::string_view bytes, std::size_t offset) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    number = number << kByteBits | static_cast<unsigned char>(bytes[offset + i]);
  }
  return number;
}

enum RequestField : unsigned { kService = 1, kMethod = 2, kPayload = 3, kTimeout = 4 };
enum ResponseField : unsigned { kStatus = 1, kResponsePayload = 2 };
enum StatusField : unsigned { kCode = 1, kMessage = 2 };

std::optional<Status> decode_status(std::string_view message) {
  const auto fields = protobuf::read_fields(message);
  if (!fields) return std::nullopt;
  Status status;
  for (const protobuf::Field& field : *fields) {
    if (field.number == kCode) status.code = static_cast<Code>(field.value);
    if (field.number == kMessage) status.message = field.bytes;
  }
  return status;
}

}  // namespace

std::string encode_frame(std::uint32_t stream, FrameType type, std::string_view payload) {
  std::string frame;
  frame.reserve(kHeaderSize + payload.size());
  append_number(frame, static_cast<std::uint32_t>(payload.size()));
  append_number(frame, stream);
  frame.push_back(static_cast<char>(type));
  frame.push_back(0);
  frame += payload;
  return frame;
}

Result<std::optional<Frame>> FrameReader::next() {
  if (buffer_.size() < kHeaderSize) return std::optional<Frame>();
  const std::uint32_t length = number_at(buffer_, 0);
  if (length > kMaxPayload) {
    return make_error(ErrorCode::protocol,
                      fmt::format("ttrpc: a frame of {} bytes, at most {}", length, kMaxPayload));
  }
  if (buffer_.size() < kHeaderSize + length) return std::optional<Frame>();
  Frame frame;
  frame.stream = number_at(buffer_, kStreamOffset);
  frame.type = static_cast<std::uint8_t>(buffer_[kTypeOffset]);
  frame.payload = buffer_.substr(kHeaderSize, length);
  buffer_.erase(0, kHeaderSize + length);
  // A long request is rare, and an idle shim keeps none of its memory.
  if (buffer_.empty()) std::string().swap(buffer_);
  return std::optional(std::move(frame));
}

std::string encode_request(const Request& request) {
  protobuf::MessageWriter writer;
  writer.bytes(kService, request.service);
  writer.bytes(kMethod, request.method);
  writer.bytes_unless_empty(kPayload, request.payload);
  writer.number_unless_zero(kTimeout, request.timeout_ns);
  return writer.take();
}

std::optional<Request> decode_request(std::string_view message) {
  const auto fields = protobuf::read_fields(message);
  if (!fields) return std::nullopt;
  Request request;
  for (const protobuf::Field& field : *fields) {
    if (field.number == kService) request.service = field.bytes;
    if (field.number == kMethod) request.method = field.bytes;
    if (field.number == kPayload) request.payload = field.bytes;
    if (field.number == kTimeout) request.timeout_ns = field.value;
  }
  return request;
}

std::string encode_response(const Response& response) {
  protobuf::MessageWriter writer;
  if (response.status.code != Code::ok) {
    protobuf::MessageWriter status;
    status.number(kCode, static_cast<std::int64_t>(response.status.code));
    status.bytes_unless_empty(kMessage, response.status.message);
    writer.bytes(kStatus, status.message());
  }
  writer.bytes_unless_empty(kResponsePayload, response.payload);
  return writer.take();
}

std::optional<Response> decode_response(std::string_view message) {
  const auto fields = protobuf::read_fields(message);
  if (!fields) return std::nullopt;
  Response response;
  for (const protobuf::Field& field : *fields) {
    if (field.number == kStatus) {
      auto status = decode_status(field.bytes);
      if (!status) return std::nullopt;
      response.status = std::move(*status);
    }
    if (field.number == kResponsePayload) response.payload = field.bytes;
  }
  return response;
}

}  // namespace myrt::shim::ttrpc
