#include "cgroups/systemd/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace myrt::cgroups::systemd {
namespace {

std::string listed(const std::vector<Value>& values, std::string_view open,
                   std::string_view close) {
  std::string text(open);
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", to_string(values[i]));
  }
  return text + std::string(close);
}

}  // namespace

Value boolean(bool value) { return {.signature = "b", .number = value ? 1U : 0U}; }
Value string(std::string value) { return {.signature = "s", .text = std::move(value)}; }
Value uint32(std::uint32_t value) { return {.signature = "u", .number = value}; }
Value uint64(std::uint64_t value) { return {.signature = "t", .number = value}; }

Value bytes(std::string_view value) {
  Value result{.signature = "ay"};
  for (const char byte : value) {
    result.elements.push_back({.signature = "y", .number = static_cast<unsigned char>(byte)});
  }
  return result;
}

Value array(std::string_view element, std::vector<Value> elements) {
  return {.signature = "a" + std::string(element), .elements = std::move(elements)};
}

Value structure(std::vector<Value> members) {
  Value result{.signature = "("};
  for (const Value& member : members) result.signature += member.signature;
  result.signature += ')';
  result.elements = std::move(members);
  return result;
}

Value variant(Value value) {
  Value result{.signature = "v"};
  result.elements.push_back(std::move(value));
  return result;
}

std::string to_string(const Value& value) {
  const auto signed_number = static_cast<std::int64_t>(value.number);
  switch (value.signature.empty() ? '\0' : value.signature.front()) {
    case 'b':
      return value.number != 0 ? "true" : "false";
    case 's':
    case 'o':
    case 'g':
      return fmt::format("'{}'", value.text);
    case 'd':
      return fmt::format("{}", std::bit_cast<double>(value.number));
    case 'n':
    case 'i':
    case 'x':
      return fmt::to_string(signed_number);
    case 't':
      return value.number == UINT64_MAX ? "infinity" : fmt::to_string(value.number);
    case 'a':
      return listed(value.elements, "[", "]");
    case '(':
      return listed(value.elements, "(", ")");
    case 'v':
      return listed(value.elements, "<", ">");
    default:
      return fmt::to_string(value.number);
  }
}

void set(Properties& properties, Property property) {
  const auto known = std::find_if(properties.begin(), properties.end(),
                                  [&](const Property& p) { return p.name == property.name; });
  if (known != properties.end()) {
    *known = std::move(property);
  } else {
    properties.push_back(std::move(property));
  }
}

Value to_value(const Properties& properties) {
  std::vector<Value> pairs;
  pairs.reserve(properties.size());
  for (const Property& property : properties) {
    pairs.push_back(structure({string(property.name), variant(property.value)}));
  }
  return array("(sv)", std::move(pairs));
}

}  // namespace myrt::cgroups::systemd
