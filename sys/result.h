// Error, Result<T> and TRY: the one way a failure travels, in both processes and over the
// handshake.
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace myrt {

// Stable codes: they are written to logs and cross process boundaries, so entries are only ever
// appended.
enum class ErrorCode : std::uint8_t {
  system,                // a syscall failed; errno_value and syscall say which
  invalid_config,        // config.json (or a document like it) breaks the spec; pointer says where
  invalid_argument,      // the caller passed something unusable (an id, a flag, a path)
  not_found,             // no such container
  already_exists,        // the id is in use
  wrong_status,          // the container's status does not allow the operation
  unsupported,           // valid, but this build or this host cannot do it
  executable_not_found,  // process.args[0] does not exist in the container
  executable_not_permitted,  // process.args[0] is not executable
  hook_failed,               // a hook exited non-zero, was killed or timed out
  timeout,                   // a bounded wait ran out
  protocol,                  // the peer of a handshake died or spoke out of turn
  out_of_memory,             // the container's init was killed by the OOM killer
  internal,                  // a broken invariant: a bug in myrt
};

// The part of an operation that failed. Like ErrorCode: append only.
enum class Phase : std::uint8_t {
  none,
  arguments,
  parse,
  validate,
  plan,
  state,
  cgroup,
  mount_sources,
  spawn,
  id_mappings,
  namespaces,
  mounts,
  hooks,
  root,
  terminal,
  process,
  security,
  seccomp,
  handshake,
  start,
  exec,
  signal,
  remove,
  output,
};

inline constexpr ErrorCode kLastErrorCode = ErrorCode::internal;
inline constexpr Phase kLastPhase = Phase::output;

std::string_view to_string(ErrorCode code);
std::string_view to_string(Phase phase);

// A failure as data. `message` reads general -> specific and already ends in the errno's words
// where there is one: "mounts[0]: mount `proc` to `/proc`: operation not permitted".
struct Error {
  ErrorCode code = ErrorCode::internal;
  Phase phase = Phase::none;
  int errno_value = 0;  // 0 when no syscall failed
  std::string syscall;  // man-page name; empty when no syscall failed
  std::string pointer;  // RFC 6901 JSON pointer into config.json; empty when no field caused it
  std::string message;  // lower case, no full stop, operands in backquotes

  bool operator==(const Error&) const = default;
};

// The words of strerror(3) with a lower-case first letter, as the engines match them ("no such file
// or directory").
std::string errno_text(int errno_value);

// An Error for a syscall that has just failed: message = what + ": " + errno_text(errno_value).
// Call it directly after the failed call, before anything else can change errno.
Error errno_error(std::string_view syscall, std::string_view what, int errno_value = errno);

// An Error for broken logic or input, with no syscall behind it.
Error make_error(ErrorCode code, std::string message);

// An invalid_config Error that points at the field which caused it: message = pointer + ": " +
// message.
Error config_error(std::string pointer, std::string_view message);

template <class T = std::monostate>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result() requires std::is_same_v<T, std::monostate> : state_(std::in_place_index<0>) {}
  // Implicit, so that a function can return either. NOLINTBEGIN(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  // NOLINTEND(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T value() && { return std::get<0>(std::move(state_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const& { return std::get<1>(state_); }
  Error& error() & { return std::get<1>(state_); }
  Error error() && { return std::get<1>(std::move(state_)); }

  // Prefixes the message of a failure: "mounts[0]" + ": " + message. Costs nothing on success.
  Result context(std::string_view prefix) && {
    if (!ok()) error().message.insert(0, std::string(prefix) + ": ");
    return std::move(*this);
  }
  // Names the phase of a failure, unless something closer to it already has.
  Result in_phase(Phase phase) && {
    if (!ok() && error().phase == Phase::none) error().phase = phase;
    return std::move(*this);
  }
  // Points a failure at the config field that asked for the step, unless something closer to it
  // already has.
  Result at(std::string_view pointer) && {
    if (!ok() && error().pointer.empty()) error().pointer = pointer;
    return std::move(*this);
  }

 private:
  std::variant<T, Error> state_;
};

// Drops a failure on purpose; `why` is for the reader and is reviewed.
template <class T>
void ignore(Result<T>&& result, [[maybe_unused]] const char* why) {
  [[maybe_unused]] Result<T> dropped = std::move(result);
}

#define MYRT_CONCAT_INNER(a, b) a##b
#define MYRT_CONCAT(a, b) MYRT_CONCAT_INNER(a, b)
#define MYRT_TRY(name, ...)           \
  __extension__({                     \
    auto name = (__VA_ARGS__);        \
    if (!name.ok()) [[unlikely]] {    \
      return std::move(name).error(); \
    }                                 \
    std::move(name).value();          \
  })

// The value of a Result, or return its error from the enclosing function.
#define TRY(...) MYRT_TRY(MYRT_CONCAT(try_result_, __COUNTER__), __VA_ARGS__)

}  // namespace myrt
