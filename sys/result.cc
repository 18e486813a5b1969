#include "sys/result.h"

#include <array>
#include <cstring>

namespace myrt {
namespace {

// Indexed by ErrorCode.
constexpr std::array<std::string_view, 14> kErrorCodeNames = {
    "system",
    "invalid_config",
    "invalid_argument",
    "not_found",
    "already_exists",
    "wrong_status",
    "unsupported",
    "executable_not_found",
    "executable_not_permitted",
    "hook_failed",
    "timeout",
    "protocol",
    "out_of_memory",
    "internal",
};
static_assert(kErrorCodeNames.size() == static_cast<std::size_t>(kLastErrorCode) + 1);

// Indexed by Phase.
constexpr std::array<std::string_view, 24> kPhaseNames = {
    "none",      "arguments",     "parse",    "validate",    "plan",       "state",
    "cgroup",    "mount_sources", "spawn",    "id_mappings", "namespaces", "mounts",
    "hooks",     "root",          "terminal", "process",     "security",   "seccomp",
    "handshake", "start",         "exec",     "signal",      "remove",     "output",
};
static_assert(kPhaseNames.size() == static_cast<std::size_t>(kLastPhase) + 1);

bool is_upper(char letter) { return letter >= 'A' && letter <= 'Z'; }

}  // namespace

// Values may come from another process, so an unknown one is possible and must not index past the
// table.
std::string_view to_string(ErrorCode code) {
  const auto index = static_cast<std::size_t>(code);
  return index < kErrorCodeNames.size() ? kErrorCodeNames[index] : "unknown";
}

std::string_view to_string(Phase phase) {
  const auto index = static_cast<std::size_t>(phase);
  return index < kPhaseNames.size() ? kPhaseNames[index] : "unknown";
}

std::string errno_text(int errno_value) {
  // Not strerror(3): it is translated by the caller's locale, and the engines match English words.
  const char* description = ::strerrordesc_np(errno_value);
  if (description == nullptr) return fmt::format("unknown error {}", errno_value);
  std::string text = description;
  // "RFS specific error" and the like begin with an acronym.
  const bool acronym = text.size() > 1 && is_upper(text[0]) && is_upper(text[1]);
  if (!text.empty() && is_upper(text[0]) && !acronym) {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

Error errno_error(std::string_view syscall, std::string_view what, int errno_value) {
  Error error;
  error.code = ErrorCode::system;
  error.errno_value = errno_value;
  error.syscall = syscall;
  error.message = fmt::format("{}: {}", what, errno_text(errno_value));
  return error;
}

Error make_error(ErrorCode code, std::string message) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  return error;
}

Error config_error(std::string pointer, std::string_view message) {
  Error error;
  error.code = ErrorCode::invalid_config;
  error.message = fmt::format("{}: {}", pointer, message);
  error.pointer = std::move(pointer);
  return error;
}

}  // namespace myrt
