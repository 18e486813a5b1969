// Where in the text of a JSON document its values stand. Private to this folder.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace myrt::oci {

struct ValuePosition {
  std::size_t name = 0;   // offset of the member's name; of an element: of its value
  std::size_t value = 0;  // offset of the value
};

// One entry per value, in document order: the same order as JsonDocument's nodes. `json` has been
// parsed before and is valid. Pure.
std::vector<ValuePosition> value_positions(std::string_view json);

struct LineColumn {
  std::size_t line = 0, column = 0;  // from 1; columns count bytes
};
LineColumn line_column(std::string_view text, std::size_t offset);

}  // namespace myrt::oci
