// What each error code and phase means and what to do about it: the one source of myrt-errors(7),
// docs/errors.md and the hints in logs. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sys/result.h"

namespace myrt::cli {

struct CodeText {
  ErrorCode code;
  std::string_view cause, remedy;
};
// One for each code, in their order.
std::span<const CodeText> code_texts();

struct PhaseText {
  Phase phase;
  std::string_view text;
};
// One for each phase, in their order.
std::span<const PhaseText> phase_texts();

// A remedy for one kind of failure, closer than that of its code.
struct Hint {
  ErrorCode code;
  Phase phase;             // none: any
  int errno_value;         // 0: any
  std::string_view words;  // that the message has to have; empty: any
  std::string_view text;
};
std::span<const Hint> hints();

// What may help: the first of hints() that fits, or the remedy of the code.
std::string_view hint_of(const Error& error);
// The file that the failed step was about: the last absolute path among the message's operands,
// which stand in backquotes. Empty when there is none.
std::string_view path_of(const Error& error);

}  // namespace myrt::cli
