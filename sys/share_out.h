// One piece of work for each of many items, by more than one thread where that is worth it.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>

namespace myrt::sys {

// Numbers from 0 on, each of which one of the threads gets.
class Items {
 public:
  explicit Items(std::size_t count) : count_(count) {}
  std::optional<std::size_t> take() {
    const std::size_t item = next_++;
    return item < count_ ? std::optional(item) : std::nullopt;
  }

 private:
  const std::size_t count_;
  std::atomic<std::size_t> next_ = 0;
};

// Calls `work`, in this thread and in one more for each `worth_a_thread` of the items, as far as
// there are CPUs and threads may be made; each call takes items until there are none. Returns when
// all have returned, and with no thread left. For work that only reads: nothing in it may clone, or
// change the process. Errors are what `work` keeps of them; an exception of any call is thrown on.
void share_out(std::size_t count, std::size_t worth_a_thread,
               const std::function<void(Items&)>& work);

}  // namespace myrt::sys
