// Bytes as a person compares them.
#pragma once

#include <string>
#include <string_view>

#include "sys/result.h"

namespace myrt::test {

inline std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

}  // namespace myrt::test
