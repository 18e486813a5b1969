#include "capabilities/names.h"

#include <fmt/format.h>
#include <sys/capability.h>

#include <algorithm>

namespace myrt::capabilities {

std::optional<unsigned> number_of(std::string_view name) {
  // libcap also takes lower case and bare numbers, which the spec does not know.
  if (!name.starts_with("CAP_")) return std::nullopt;
  const auto is_name_letter = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  if (!std::ranges::all_of(name, is_name_letter)) return std::nullopt;

  cap_value_t number = 0;
  if (::cap_from_name(std::string(name).c_str(), &number) != 0) return std::nullopt;
  if (number < 0 || static_cast<unsigned>(number) >= kCapabilityCount) return std::nullopt;
  return static_cast<unsigned>(number);
}

std::string name_of(unsigned number) {
  if (number < kCapabilityCount) {
    if (char* name = ::cap_to_name(static_cast<cap_value_t>(number)); name != nullptr) {
      std::string text = name;
      ::cap_free(name);
      std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      });
      return text;
    }
  }
  return fmt::format("CAP_{}", number);
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  names.reserve(kCapabilityCount);
  for (unsigned number = 0; number < kCapabilityCount; ++number) names.push_back(name_of(number));
  return names;
}

std::string to_string(Set set) {
  std::string text;
  for (unsigned number = 0; number < 64; ++number) {
    if ((set & bit(number)) == 0) continue;
    if (!text.empty()) text += ' ';
    text += name_of(number);
  }
  return text.empty() ? "none" : text;
}

}  // namespace myrt::capabilities
