#include "sys/deferred_close.h"

#include <algorithm>
#include <cstddef>

namespace myrt::sys {
namespace {

constexpr std::size_t kMaxOpen = 64;

}  // namespace

void DeferredClose::add(UniqueFd fd) {
  if (!fd.valid()) return;
  if (fds_.size() == kMaxOpen) close_all();
  fds_.push_back(fd.release());
}

void DeferredClose::close_all() {
  std::sort(fds_.begin(), fds_.end());
  for (std::size_t begin = 0; begin < fds_.size();) {
    std::size_t end = begin + 1;
    while (end < fds_.size() && fds_[end] == fds_[end - 1] + 1) ++end;
    ::close_range(static_cast<unsigned>(fds_[begin]), static_cast<unsigned>(fds_[end - 1]), 0);
    begin = end;
  }
  fds_.clear();
}

}  // namespace myrt::sys
