#include "shim/fifo_end.h"

#include <poll.h>
#include <sys/ioctl.h>

#include <memory>

namespace myrt::shim {
namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr Milliseconds kPatience(10'000), kFirstPause(1), kLongestPause(100);

bool has_reader(int writer) {
  pollfd poll = {.fd = writer, .events = POLLOUT, .revents = 0};
  return ::poll(&poll, 1, 0) <= 0 || (poll.revents & POLLERR) == 0;
}

bool is_empty(int writer) {
  int unread = 0;
  return ::ioctl(writer, FIONREAD, &unread) != 0 || unread == 0;
}

// No event tells that a reader has come.
void look_again(Loop& loop, const std::shared_ptr<sys::UniqueFd>& writer, Milliseconds pause,
                Milliseconds waited) {
  if (has_reader(writer->get()) || is_empty(writer->get()) || waited > kPatience) return;
  loop.after(pause, [&loop, writer, pause, waited] {
    look_again(loop, writer, std::min(pause * 2, kLongestPause), waited + pause);
  });
}

}  // namespace

void close_after_reader_came(Loop& loop, sys::UniqueFd writer) {
  if (!writer.valid()) return;
  look_again(loop, std::make_shared<sys::UniqueFd>(std::move(writer)), kFirstPause,
             Milliseconds(0));
}

}  // namespace myrt::shim
