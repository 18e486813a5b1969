#include <fmt/format.h>

#include "oci-spec/parse.h"
#include "oci-spec/problem_text.h"

namespace myrt::oci {

Error to_error(const std::vector<Problem>& problems) {
  Error error = make_error(ErrorCode::invalid_config, "");
  if (problems.empty()) return error;
  error.pointer = problems.front().pointer;
  for (const Problem& problem : problems) {
    if (!error.message.empty()) error.message += "; ";
    if (!problem.pointer.empty()) error.message += problem.pointer + ": ";
    error.message += problem.message;
  }
  return error;
}

std::string pointer_token(std::string_view key) {
  std::string token;
  for (const char c : key) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kMaxBytes = 80;
  if (text.size() <= kMaxBytes) return std::string(text);
  std::size_t end = kMaxBytes;
  const auto continues_character = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  while (end > 0 && continues_character(end)) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string quoted(std::string_view text) { return "`" + shortened(text) + "`"; }

std::string expected_integer(std::int64_t min, std::uint64_t max, std::string_view got) {
  return fmt::format("expected an integer from {} to {}, got {}", min, max, got);
}

std::string expected_absolute_path(std::string_view got) {
  return "expected an absolute path, got " + quoted(got);
}

}  // namespace myrt::oci
