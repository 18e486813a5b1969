#include "oci-spec/value_positions.h"

#include <algorithm>

namespace myrt::oci {
namespace {

// The offset after the string that begins at `at`.
std::size_t after_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

bool is_literal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '+' || c == '.';
}

}  // namespace

// A string is a name exactly when a colon follows it, so nesting need not be followed.
std::vector<ValuePosition> value_positions(std::string_view json) {
  std::vector<ValuePosition> positions;
  std::size_t name = std::string_view::npos;
  const auto add = [&](std::size_t at) {
    positions.push_back({name == std::string_view::npos ? at : name, at});
    name = std::string_view::npos;
  };
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (c == '"') {
      const std::size_t end = after_string(json, at);
      const std::size_t next = json.find_first_not_of(" \t\r\n", std::min(end, json.size()));
      if (next != std::string_view::npos && json[next] == ':') {
        name = at;
      } else {
        add(at);
      }
      at = end;
    } else if (c == '{' || c == '[') {
      add(at++);
    } else if (is_literal(c)) {
      add(at);
      while (at < json.size() && is_literal(json[at])) ++at;
    } else {
      ++at;
    }
  }
  return positions;
}

LineColumn line_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto newlines = std::count(before.begin(), before.end(), '\n');
  return {static_cast<std::size_t>(newlines) + 1, before.size() - (before.rfind('\n') + 1) + 1};
}

}  // namespace myrt::oci
