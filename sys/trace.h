// Trace: where the time of an operation goes, in the runtime process and in init, as a file in
// Chrome's trace event format (`myrt --trace`; chrome://tracing and Perfetto show it).
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "sys/result.h"

namespace myrt::sys {

// The phases of a process follow each other without a gap: to enter one ends the one before, so
// that their sum is the whole time. Copies are handles of the same trace, and a clone of the
// process inherits it. One that was not opened is off, and costs a comparison for each phase.
class Trace {
 public:
  Trace() = default;
  // The first phase, "start-up", began when the process did. Errors: system.
  static Result<Trace> open(const std::string& path);

  // `phase` is a literal.
  void enter(std::string_view phase) const;

  // In a clone: drops what was inherited and starts over. Then, before it executes its program or
  // reports to its parent, write_clone puts down what it did; `pid` is the clone's as the parent
  // sees it. The caller need not know of an error: a trace changes nothing.
  void begin_clone(std::string_view phase) const;
  void write_clone(std::string_view name, pid_t pid) const;

  // Ends the last phase and completes the file. Errors: system.
  Result<> close() const;

 private:
  struct Recording;
  std::shared_ptr<Recording> recording_;
};

}  // namespace myrt::sys
