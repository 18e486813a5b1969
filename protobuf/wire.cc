#include "protobuf/wire.h"

#include <bit>

namespace myrt::protobuf {
namespace {

enum WireType : unsigned { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };

constexpr unsigned kTypeBits = 3;
constexpr unsigned kByteBits = 8;
constexpr unsigned kVarintBits = 7;
constexpr unsigned kMaxVarintShift = 63;
constexpr unsigned char kMore = 0x80;

std::optional<std::uint64_t> take_varint(std::string_view& rest) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift <= kMaxVarintShift && !rest.empty(); shift += kVarintBits) {
    const auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & ~kMore) << shift;
    if ((byte & kMore) == 0) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> take_bytes(std::string_view& rest, std::uint64_t size) {
  if (size > rest.size()) return std::nullopt;
  const std::string_view bytes = rest.substr(0, size);
  rest.remove_prefix(size);
  return bytes;
}

std::optional<Field> take_field(std::string_view& rest) {
  const auto tag = take_varint(rest);
  if (!tag) return std::nullopt;
  Field field;
  field.number = static_cast<unsigned>(*tag >> kTypeBits);
  switch (*tag & ((1U << kTypeBits) - 1)) {
    case kVarint: {
      const auto value = take_varint(rest);
      if (!value) return std::nullopt;
      field.value = static_cast<std::int64_t>(*value);
      return field;
    }
    case kDelimited: {
      const auto size = take_varint(rest);
      const auto bytes = size ? take_bytes(rest, *size) : std::nullopt;
      if (!bytes) return std::nullopt;
      field.bytes = *bytes;
      return field;
    }
    case kFixed64: {
      const auto bytes = take_bytes(rest, sizeof(std::uint64_t));
      if (!bytes) return std::nullopt;
      std::uint64_t bits = 0;
      for (std::size_t i = bytes->size(); i-- > 0;) {
        bits = bits << kByteBits | static_cast<unsigned char>((*bytes)[i]);
      }
      field.real = std::bit_cast<double>(bits);
      return field;
    }
    case kFixed32:
      return take_bytes(rest, sizeof(std::uint32_t)) ? std::optional(field) : std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

void MessageWriter::varint(std::uint64_t value) {
  while (value >= kMore) {
    message_.push_back(static_cast<char>(value | kMore));
    value >>= kVarintBits;
  }
  message_.push_back(static_cast<char>(value));
}

void MessageWriter::number(unsigned field, std::int64_t value) {
  varint(static_cast<std::uint64_t>(field) << kTypeBits | kVarint);
  varint(static_cast<std::uint64_t>(value));
}

void MessageWriter::bytes(unsigned field, std::string_view value) {
  varint(static_cast<std::uint64_t>(field) << kTypeBits | kDelimited);
  varint(value.size());
  message_ += value;
}

void MessageWriter::real(unsigned field, double value) {
  varint(static_cast<std::uint64_t>(field) << kTypeBits | kFixed64);
  auto bits = std::bit_cast<std::uint64_t>(value);
  for (std::size_t i = 0; i < sizeof bits; ++i, bits >>= kByteBits) {
    message_.push_back(static_cast<char>(bits));
  }
}

void MessageWriter::number_unless_zero(unsigned field, std::int64_t value) {
  if (value != 0) number(field, value);
}

void MessageWriter::bytes_unless_empty(unsigned field, std::string_view value) {
  if (!value.empty()) bytes(field, value);
}

std::optional<std::vector<Field>> read_fields(std::string_view message) {
  std::vector<Field> fields;
  while (!message.empty()) {
    const auto field = take_field(message);
    if (!field) return std::nullopt;
    fields.push_back(*field);
  }
  return fields;
}

}  // namespace myrt::protobuf
