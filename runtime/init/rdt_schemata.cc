#include "runtime/init/rdt_schemata.h"

#include <algorithm>
#include <cstddef>

namespace myrt::init {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Everything before `separator`, taken off the front together with it.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(part);
}

std::string_view without_leading_zeros(std::string_view value) {
  const std::size_t first = value.find_first_not_of('0');
  if (first == std::string_view::npos) return value.empty() ? value : value.substr(0, 1);
  return value.substr(first);
}

bool same_value(std::string_view left, std::string_view right) {
  left = without_leading_zeros(left);
  right = without_leading_zeros(right);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

// The value of one domain in "0=fffff;1=7f0"; empty when it is not there.
std::string_view domain_value(std::string_view domains, std::string_view domain) {
  while (!domains.empty()) {
    std::string_view entry = take(domains, ';');
    if (take(entry, '=') == domain) return trimmed(entry);
  }
  return {};
}

// The part behind the colon of the line for `resource`; empty when there is none.
std::string_view resource_domains(std::string_view schemata, std::string_view resource) {
  while (!schemata.empty()) {
    std::string_view line = take(schemata, '\n');
    if (take(line, ':') == resource) return line;
  }
  return {};
}

}  // namespace

bool schema_is_in_force(std::string_view line, std::string_view schemata) {
  const std::string_view resource = take(line, ':');
  const std::string_view present = resource_domains(schemata, resource);
  if (present.empty()) return false;
  while (!line.empty()) {
    std::string_view entry = take(line, ';');
    if (entry.empty()) continue;
    const std::string_view domain = take(entry, '=');
    if (!same_value(domain_value(present, domain), trimmed(entry))) return false;
  }
  return true;
}

std::string schema_line(std::string_view schemata, std::string_view resource) {
  while (!schemata.empty()) {
    const std::string_view line = take(schemata, '\n');
    std::string_view name = line;
    if (take(name, ':') == resource) return std::string(line);
  }
  return {};
}

}  // namespace myrt::init
