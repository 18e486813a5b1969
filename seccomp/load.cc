#include "seccomp/load.h"

#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace myrt::seccomp {

namespace {

Result<long> set_filter(const Program& program, unsigned long flags) {
  const sock_fprog filter = {
      .len = static_cast<unsigned short>(program.instructions.size()),
      // The kernel only copies from it.
      .filter = const_cast<sock_filter*>(program.instructions.data()),
  };
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (result < 0) return errno_error("seccomp", "load the seccomp filter");
  // A positive result without a listener names a thread that TSYNC could not change; this process
  // has one thread, so it cannot happen, but it must never pass for success.
  if (result != 0 && (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) == 0) {
    return make_error(ErrorCode::internal,
                      fmt::format("load the seccomp filter: thread {} is out of step", result));
  }
  return result;
}

}  // namespace

Result<std::optional<sys::UniqueFd>> load(const Program& program) {
  const long result = TRY(set_filter(program, program.flags));
  if (!program.notifies) return std::optional<sys::UniqueFd>();
  return std::optional(sys::UniqueFd(static_cast<int>(result)));
}

Result<> load_without_listener(const Program& program) {
  constexpr unsigned long kOfListeners =
      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  TRY(set_filter(program, program.flags & ~kOfListeners));
  return {};
}

}  // namespace myrt::seccomp
