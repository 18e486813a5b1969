#include "oci-spec/rule_syntax.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace myrt::oci {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_identifier_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

bool is_all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// "0" or digits without a leading zero.
bool is_version_number(std::string_view text) {
  return is_all_digits(text) && (text.size() == 1 || text.front() != '0');
}

// The part before the first `separator`; `rest` keeps what follows it, or becomes empty.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::string_view part = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  return part;
}

enum class LeadingZeros : unsigned char { allowed, refused };

// Identifiers with dots between them; numeric ones of a pre-release have no leading zeros.
bool are_identifiers(std::string_view text, LeadingZeros leading_zeros) {
  while (true) {
    const auto dot = text.find('.');
    const std::string_view identifier = text.substr(0, dot);
    if (identifier.empty() ||
        !std::all_of(identifier.begin(), identifier.end(), is_identifier_char)) {
      return false;
    }
    if (leading_zeros == LeadingZeros::refused && is_all_digits(identifier) &&
        !is_version_number(identifier)) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<unsigned> number_up_to(std::string_view text, unsigned max) {
  text = trimmed(text);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!is_all_digits(text) || error != std::errc{} || value > max) return std::nullopt;
  return value;
}

}  // namespace

bool is_semantic_version(std::string_view text) {
  if (const auto plus = text.find('+'); plus != std::string_view::npos) {
    if (!are_identifiers(text.substr(plus + 1), LeadingZeros::allowed)) return false;
    text = text.substr(0, plus);
  }
  if (const auto dash = text.find('-'); dash != std::string_view::npos) {
    if (!are_identifiers(text.substr(dash + 1), LeadingZeros::refused)) return false;
    text = text.substr(0, dash);
  }
  const std::string_view major = take_until(text, '.');
  const std::string_view minor = take_until(text, '.');
  return is_version_number(major) && is_version_number(minor) && is_version_number(text);
}

bool is_number_list(std::string_view text, unsigned max) {
  while (true) {
    const auto comma = text.find(',');
    const std::string_view group = text.substr(0, comma);
    const auto dash = group.find('-');
    const auto first = number_up_to(group.substr(0, dash), max);
    if (!first) return false;
    if (dash != std::string_view::npos) {
      const auto last = number_up_to(group.substr(dash + 1), max);
      if (!last || *last < *first) return false;
    }
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

bool is_page_size(std::string_view text) {
  if (!text.ends_with("KB") && !text.ends_with("MB") && !text.ends_with("GB")) return false;
  text.remove_suffix(2);
  return is_version_number(text) && text != "0";
}

bool is_interface_name(std::string_view text) {
  constexpr std::size_t kMaxLength = 15;  // IFNAMSIZ with its NUL
  if (text.empty() || text.size() > kMaxLength || text == "." || text == "..") return false;
  return text.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
}

}  // namespace myrt::oci
