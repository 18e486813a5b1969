// Value: one value of D-Bus's type system, and the unit properties made of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace myrt::cgroups::systemd {

// `signature` is one complete type of the D-Bus specification and says which other member counts.
struct Value {
  std::string signature;
  std::uint64_t number = 0;          // y b n q i u x t; d: the bits of the double
  std::string text = {};             // s o g
  std::vector<Value> elements = {};  // a: of one type; ( {: the members; v: the one value inside
  bool operator==(const Value&) const = default;
};

Value boolean(bool value);
Value string(std::string value);
Value uint32(std::uint32_t value);
Value uint64(std::uint64_t value);
// `ay`, least significant bit first, as systemd takes sets of CPUs.
Value bytes(std::string_view value);
// `element` is the signature of one.
Value array(std::string_view element, std::vector<Value> elements);
Value structure(std::vector<Value> members);
Value variant(Value value);

// As in an annotation: `'text'`, `uint64 5`, `[1, 2]`.
std::string to_string(const Value& value);

// A property of a unit: "MemoryMax", t 67108864.
struct Property {
  std::string name;
  Value value;
  bool operator==(const Property&) const = default;
};
using Properties = std::vector<Property>;

// Replaces the property of that name, or adds it at the end.
void set(Properties& properties, Property property);
// a(sv)
Value to_value(const Properties& properties);

}  // namespace myrt::cgroups::systemd
