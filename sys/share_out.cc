#include "sys/share_out.h"

#include <algorithm>
#include <system_error>
#include <thread>
#include <vector>

namespace myrt::sys {

void share_out(std::size_t count, std::size_t worth_a_thread,
               const std::function<void(Items&)>& work) {
  constexpr std::size_t kMost = 3;
  std::size_t helpers = std::min(count / worth_a_thread, kMost);
  if (helpers > 0) {
    const std::size_t cpus = std::max(std::thread::hardware_concurrency(), 1U);
    helpers = std::min(helpers, cpus - 1);
  }
  Items items(count);
  std::vector<std::thread> threads;
  threads.reserve(helpers);
  try {
    while (threads.size() < helpers) threads.emplace_back([&] { work(items); });
  } catch (const std::system_error&) {
    // As many as there may be (pids.max): each takes what is left.
  }
  work(items);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace myrt::sys
