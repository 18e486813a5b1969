// JSON pointers (RFC 6901) into config.json for the errors of this folder.
#pragma once

#include <string>
#include <string_view>

namespace myrt::namespaces {

// `base` + "/" + `key`, with "~" and "/" of the key escaped. Pure.
inline std::string pointer_to_key(std::string_view base, std::string_view key) {
  std::string pointer(base);
  pointer += '/';
  for (const char letter : key) {
    if (letter == '~') {
      pointer += "~0";
    } else if (letter == '/') {
      pointer += "~1";
    } else {
      pointer += letter;
    }
  }
  return pointer;
}

}  // namespace myrt::namespaces
