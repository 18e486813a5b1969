#include "cgroups/systemd/message.h"

#include <algorithm>
#include <array>

namespace myrt::cgroups::systemd {
namespace {

constexpr std::size_t kFixedHeader = 16;
constexpr std::size_t kLongestMessage = 1U << 20U;
constexpr std::uint8_t kNoReplyExpected = 1;
constexpr std::uint8_t kProtocolVersion = 1;

// Codes of header fields.
enum Field : std::uint8_t {
  kPath = 1,
  kInterface = 2,
  kMember = 3,
  kErrorName = 4,
  kReplySerial = 5,
  kDestination = 6,
  kSignature = 8,
};

Error malformed(std::string_view what) {
  return make_error(ErrorCode::protocol, fmt::format("malformed D-Bus message: {}", what));
}

constexpr std::size_t alignment_of(char type) {
  switch (type) {
    case 'y':
    case 'g':
    case 'v':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'x':
    case 't':
    case 'd':
    case '(':
    case '{':
      return 8;
    default:
      return 4;
  }
}

constexpr std::size_t aligned(std::size_t offset, std::size_t to) {
  return (offset + to - 1) / to * to;
}

class Writer {
 public:
  void put(const Value& value) {
    const char type = value.signature.front();
    align(alignment_of(type));
    switch (type) {
      case 's':
      case 'o':
        put_string(value.text);
        break;
      case 'g':
        put_signature(value.text);
        break;
      case 'a':
        put_array(value);
        break;
      case 'v':
        put_signature(value.elements.front().signature);
        put(value.elements.front());
        break;
      case '(':
      case '{':
        for (const Value& member : value.elements) put(member);
        break;
      case 'b':
        put_number(value.number, 4);
        break;
      default:  // a basic type is as wide as it is aligned
        put_number(value.number, alignment_of(type));
        break;
    }
  }

  void align(std::size_t to) { bytes_.resize(aligned(bytes_.size(), to), '\0'); }
  std::string take() { return std::move(bytes_); }

 private:
  void put_number(std::uint64_t number, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) {
      bytes_ += static_cast<char>(number >> (8 * i) & 0xff);
    }
  }
  void put_string(const std::string& text) {
    put_number(text.size(), 4);
    bytes_ += text;
    bytes_ += '\0';
  }
  void put_signature(const std::string& text) {
    put_number(text.size(), 1);
    bytes_ += text;
    bytes_ += '\0';
  }
  // The length counts the elements, and not what aligns the first.
  void put_array(const Value& value) {
    const std::size_t length_at = bytes_.size();
    put_number(0, 4);
    align(alignment_of(value.signature[1]));
    const std::size_t begin = bytes_.size();
    for (const Value& element : value.elements) put(element);
    const std::size_t length = bytes_.size() - begin;
    for (std::size_t i = 0; i < 4; ++i) {
      bytes_[length_at + i] = static_cast<char>(length >> (8 * i) & 0xff);
    }
  }

  std::string bytes_;
};

class Reader {
 public:
  Reader(std::string_view bytes, std::size_t offset) : bytes_(bytes), offset_(offset) {}

  std::size_t offset() const { return offset_; }
  Result<> align(std::size_t to) { return skip(aligned(offset_, to) - offset_); }

  Result<std::uint32_t> number(std::size_t width) {
    TRY(align(width));
    const std::string_view raw = TRY(take(width));
    std::uint32_t value = 0;
    for (std::size_t i = width; i-- > 0;) {
      value = value << 8U | static_cast<unsigned char>(raw[i]);
    }
    return value;
  }
  Result<std::string> string() {
    const std::size_t size = TRY(number(4));
    return text(size);
  }
  Result<std::string> signature() {
    const std::size_t size = TRY(number(1));
    return text(size);
  }
  // A value that may be passed over: only the types that header fields have.
  Result<std::string> basic(char type) {
    switch (type) {
      case 's':
      case 'o':
        return string();
      case 'g':
        return signature();
      case 'u':
        return fmt::to_string(TRY(number(4)));
      default:
        return malformed(fmt::format("a value of type `{}`", type));
    }
  }

 private:
  Result<std::string_view> take(std::size_t size) {
    if (bytes_.size() - offset_ < size) return malformed("it ends too early");
    const std::string_view taken = bytes_.substr(offset_, size);
    offset_ += size;
    return taken;
  }
  Result<> skip(std::size_t size) {
    TRY(take(size));
    return {};
  }
  Result<std::string> text(std::size_t size) {
    std::string value(TRY(take(size)));
    TRY(skip(1));
    return value;
  }

  std::string_view bytes_;
  std::size_t offset_;
};

Value field(Field code, Value value) {
  return structure({{.signature = "y", .number = code}, variant(std::move(value))});
}

Value object_path(std::string text) { return {.signature = "o", .text = std::move(text)}; }

std::string encode_body(const std::vector<Value>& arguments) {
  Writer body;
  for (const Value& argument : arguments) body.put(argument);
  return body.take();
}

// Of a message's 16 fixed bytes, which have no padding.
std::uint32_t number_at(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) {
    value = value << 8U | static_cast<unsigned char>(bytes[offset + i]);
  }
  return value;
}

void keep_field(Message& message, std::uint32_t code, std::string text) {
  switch (code) {
    case kInterface:
      message.interface = std::move(text);
      break;
    case kMember:
      message.member = std::move(text);
      break;
    case kErrorName:
      message.error_name = std::move(text);
      break;
    case kSignature:
      message.signature = std::move(text);
      break;
    default:
      break;
  }
}

}  // namespace

std::string encode(const Call& call, std::uint32_t serial) {
  const std::string body = encode_body(call.arguments);
  std::vector<Value> fields = {
      field(kPath, object_path(call.path)), field(kInterface, string(call.interface)),
      field(kMember, string(call.member)), field(kDestination, string(call.destination))};
  if (!call.arguments.empty()) {
    Value signature{.signature = "g"};
    for (const Value& argument : call.arguments) signature.text += argument.signature;
    fields.push_back(field(kSignature, std::move(signature)));
  }
  const std::uint8_t flags = call.reply == Reply::unwanted ? kNoReplyExpected : 0;
  Writer header;
  for (const std::uint8_t byte :
       {std::uint8_t{'l'}, static_cast<std::uint8_t>(MessageType::call), flags, kProtocolVersion}) {
    header.put({.signature = "y", .number = byte});
  }
  header.put(uint32(static_cast<std::uint32_t>(body.size())));
  header.put(uint32(serial));
  header.put(array("(yv)", std::move(fields)));
  header.align(8);
  return header.take() + body;
}

Result<std::optional<std::size_t>> message_size(std::string_view bytes) {
  if (bytes.size() < kFixedHeader) return std::optional<std::size_t>();
  // A sender uses its own byte order, and ours is on this machine.
  if (bytes[0] != 'l') return malformed("it is not little-endian");
  if (bytes[3] != kProtocolVersion) return malformed("unknown version of the protocol");
  const std::size_t body = number_at(bytes, 4);
  const std::size_t fields = number_at(bytes, 12);
  if (body > kLongestMessage || fields > kLongestMessage) return malformed("it is too long");
  return std::optional(aligned(kFixedHeader + fields, 8) + body);
}

Result<Message> decode(std::string_view bytes) {
  const std::optional<std::size_t> size = TRY(message_size(bytes));
  if (!size || *size != bytes.size()) return malformed("its size is not the one it states");
  Message message;
  message.type = static_cast<MessageType>(bytes[1]);
  const std::size_t end = kFixedHeader + number_at(bytes, 12);
  Reader reader(bytes.substr(0, end), kFixedHeader);
  while (reader.offset() < end) {
    TRY(reader.align(8));
    const std::uint32_t code = TRY(reader.number(1));
    const std::string type = TRY(reader.signature());
    if (type.size() != 1) return malformed("a header field of several values");
    if (code == kReplySerial && type == "u") {
      message.reply_serial = TRY(reader.number(4));
    } else {
      keep_field(message, code, TRY(reader.basic(type.front())));
    }
  }
  message.body = bytes.substr(aligned(end, 8));
  return message;
}

Result<std::vector<std::string>> leading_arguments(const Message& message, std::size_t count) {
  if (message.signature.size() < count) return malformed("it has too few arguments");
  std::vector<std::string> arguments;
  Reader reader(message.body, 0);
  for (std::size_t i = 0; i < count; ++i) {
    std::string type = message.signature.substr(i, 1);
    if (type == "v") type = TRY(reader.signature());
    if (type.size() != 1) return malformed(fmt::format("a value of type `{}`", type));
    arguments.push_back(TRY(reader.basic(type.front())));
  }
  return arguments;
}

}  // namespace myrt::cgroups::systemd
