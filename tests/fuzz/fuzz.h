// What every fuzz target shares: a judge that names what broke, and a reader that takes the input
// apart.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "sys/result.h"

namespace myrt::fuzz {

// Ends the process as a crash that libFuzzer keeps the input of.
[[noreturn]] inline void broken(const char* file, int line, std::string_view rule,
                                std::string_view seen) {
  const std::string text = fmt::format("{}:{}: broken: {}\n  {}\n", file, line, rule, seen);
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  std::abort();
}

#define HOLDS(condition, seen) \
  ((condition) ? void() : ::myrt::fuzz::broken(__FILE__, __LINE__, #condition, seen))

// RFC 6901, section 3.
inline bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) {
      return false;
    }
  }
  return true;
}

// What CONTRIBUTING.md, "Errors", promises of every Error, wherever it comes from.
inline void check_error(const Error& error) {
  HOLDS(to_string(error.code) != "unknown", error.message);
  HOLDS(to_string(error.phase) != "unknown", error.message);
  HOLDS(!error.message.empty(), to_string(error.code));
  HOLDS(error.message.back() != '\n', error.message);
  HOLDS(is_json_pointer(error.pointer), error.pointer);
  HOLDS(error.code != ErrorCode::internal, error.message);
  HOLDS((error.errno_value != 0) == !error.syscall.empty(), error.message);
}

// The same, of an operation that can only fail in these ways.
inline void check_error(const Error& error, std::initializer_list<ErrorCode> codes) {
  check_error(error);
  bool expected = false;
  for (const ErrorCode code : codes) expected |= error.code == code;
  HOLDS(expected, fmt::format("{}: {}", to_string(error.code), error.message));
}

// The input, taken apart from its front.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  // A letter that a person can type into a seed: 'a' is 0.
  unsigned choice(unsigned count) { return static_cast<std::uint8_t>(byte() - 'a') % count; }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8U | byte();
    return value;
  }
  std::string line() {
    const std::size_t end = rest_.find('\n');
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return text;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    while (!rest_.empty()) all.push_back(line());
    return all;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace myrt::fuzz
