// Copies bytes from one file descriptor to another, in the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "shim/loop.h"
#include "sys/unique_fd.h"

namespace myrt::shim {

// Until the end of `from`, or an error of either side; then it closes `from` and gives `to` to
// `ended`, from the loop. Between pipes nothing is copied (splice(2)).
class Pump {
 public:
  using Ended = std::function<void(sys::UniqueFd to)>;
  // Both non-blocking, but for files that are always ready.
  Pump(Loop& loop, sys::UniqueFd from, sys::UniqueFd to, Ended ended);
  Pump(const Pump&) = delete;

  // Waits first: a fifo that nobody has opened for writing yet reads as if it had ended.
  void start() { wait(); }
  bool ended() const { return !from_.valid(); }

 private:
  enum class Outcome : std::uint8_t { moved, would_block, end };
  void move();
  Outcome move_once();
  Outcome splice_once();
  Outcome copy_once();
  void wait();
  void end();

  Loop& loop_;
  sys::UniqueFd from_, to_;
  Ended ended_;
  Watch watch_;
  std::string pending_;  // read and not yet written
  bool can_splice_ = true;
};

}  // namespace myrt::shim
