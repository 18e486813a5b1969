// LateClose: an fd whose last close(2) waits in the kernel, to be closed when nobody waits for it.
#pragma once

#include <memory>
#include <utility>

#include "sys/unique_fd.h"

namespace myrt::sys {

// Copies are handles of the same fd, and a clone of the process has one of its own: it has to close
// that first, or it is the one that waits.
class LateClose {
 public:
  LateClose() = default;
  explicit LateClose(UniqueFd fd) {
    if (fd.valid()) fd_ = std::make_shared<UniqueFd>(std::move(fd));
  }

  bool is_open() const { return fd_ && fd_->valid(); }
  void close() const {
    if (fd_) fd_->reset();
  }

 private:
  std::shared_ptr<UniqueFd> fd_;
};

}  // namespace myrt::sys
