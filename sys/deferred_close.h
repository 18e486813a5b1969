// DeferredClose: closes fds together, which takes one close_range(2) where they are neighbours.
#pragma once

#include <vector>

#include "sys/unique_fd.h"

namespace myrt::sys {

// For work that opens fd after fd and needs none of them for long: the kernel gives out the lowest
// free number, so that the fds of such work stand side by side.
class DeferredClose {
 public:
  DeferredClose() = default;
  DeferredClose(DeferredClose&& other) noexcept : fds_(std::move(other.fds_)) {}
  DeferredClose& operator=(DeferredClose&&) = delete;
  DeferredClose(const DeferredClose&) = delete;
  ~DeferredClose() { close_all(); }

  // Takes the fd. It stays open until this object dies, or until so many have gathered that a limit
  // on open files could be met.
  void add(UniqueFd fd);
  // Leaves those that are still open to whoever closes all that the process must not keep.
  void leave_open() { fds_.clear(); }

 private:
  void close_all();

  std::vector<int> fds_;
};

}  // namespace myrt::sys
