#include "protobuf/wire.h"

#include <fmt/format.h>

#include "tests/support/catch.h"

using namespace myrt::protobuf;
using namespace std::string_literals;

namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

}  // namespace

TEST_CASE("numbers and bytes are written as protocol buffers have them", "[protobuf]") {
  MessageWriter writer;
  writer.number(1, 150);
  CHECK(hex(writer.message()) == "089601");
  writer.bytes(2, "testing");
  CHECK(hex(writer.message()) == "089601120774657374696e67");
  MessageWriter negative;
  negative.number(1, -1);
  CHECK(hex(negative.message()) == "08ffffffffffffffffff01");
  MessageWriter high;
  high.number(66, 2);
  CHECK(hex(high.message()) == "900402");
}

TEST_CASE("what is written is read back, and a field of 32 bits is passed over", "[protobuf]") {
  MessageWriter writer;
  writer.number(7, -5);
  writer.bytes(300, "x\0y"s);
  const std::string fixed = writer.message() + "\x0d____\x09________"s;
  const auto fields = read_fields(fixed);
  REQUIRE(fields);
  REQUIRE(fields->size() == 4);
  CHECK((*fields)[0] == Field{7, -5, {}});
  CHECK((*fields)[1].bytes == "x\0y"s);
  CHECK((*fields)[3].number == 1);
}

TEST_CASE("a double is its eight bytes, the lowest first", "[protobuf]") {
  MessageWriter writer;
  writer.real(1, 0.5);
  CHECK(hex(writer.message()) == "09000000000000e03f");
  const auto fields = read_fields(writer.message());
  REQUIRE(fields);
  CHECK((*fields)[0].real == 0.5);
}

TEST_CASE("the defaults of proto3 are not written", "[protobuf]") {
  MessageWriter writer;
  writer.number_unless_zero(1, 0);
  writer.bytes_unless_empty(2, "");
  CHECK(writer.message().empty());
  writer.number_unless_zero(1, 2);
  writer.bytes_unless_empty(2, "x");
  CHECK(hex(writer.message()) == "0802120178");
}

TEST_CASE("malformed messages are refused and never read beyond their end", "[protobuf]") {
  for (const std::string& bytes :
       {"\x08"s, "\x0a\x05xyz"s, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s, "\x0b"s,
        "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s, "\x09____"s, "\x0d__"s}) {
    INFO(hex(bytes));
    CHECK_FALSE(read_fields(bytes));
  }
}
