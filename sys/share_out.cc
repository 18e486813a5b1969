#include "sys/share_out.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <vector>

namespace myrt::sys {

void share_out(std::size_t count, std::size_t worth_a_thread,
               const std::function<void(Items&)>& work) {
  if (count == 0) return;
  constexpr std::size_t kMost = 3;
  std::size_t helpers = std::min(count / worth_a_thread, kMost);
  if (helpers > 0) {
    const std::size_t cpus = std::max(std::thread::hardware_concurrency(), 1U);
    helpers = std::min(helpers, cpus - 1);
  }
  Items items(count);
  // An exception must not end a thread, nor leave one behind: the caller gets it (out_of_memory.h).
  std::vector<std::exception_ptr> failed(helpers + 1);
  const auto work_guarded = [&](std::exception_ptr& failure) noexcept {
    try {
      work(items);
    } catch (...) {
      failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(helpers);
  try {
    while (threads.size() < helpers) {
      threads.emplace_back(work_guarded, std::ref(failed[threads.size() + 1]));
    }
  } catch (...) {
    // As many as there may be (pids.max, memory): each takes what is left.
  }
  work_guarded(failed[0]);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failed) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace myrt::sys
