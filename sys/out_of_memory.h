// The one exception that the standard library throws at us, as an Error.
#pragma once

#include <new>

#include "sys/result.h"

namespace myrt::sys {

// What `steps` return, or that memory ran out. In a child that shares the frames of its parent this
// is what keeps the exception from unwinding them: their destructors would undo the parent's work.
template <class Steps>
// NOLINTNEXTLINE(bugprone-exception-escape): no memory for the error itself is the end.
auto or_out_of_memory(Steps&& steps) noexcept -> decltype(steps()) {
  try {
    return steps();
  } catch (const std::bad_alloc&) {
    return errno_error("mmap", "allocate memory", ENOMEM);
  }
}

}  // namespace myrt::sys
