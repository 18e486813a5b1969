#include "sys/share_out.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/sys/child.h"

using namespace myrt;

namespace {

// How often each item was taken, by all threads together.
std::vector<int> taken(std::size_t count, std::size_t worth_a_thread) {
  std::vector<int> times(count, 0);
  std::atomic<int> calls = 0;
  sys::share_out(count, worth_a_thread, [&](sys::Items& items) {
    ++calls;
    while (const auto item = items.take()) ++times[*item];
  });
  CHECK(calls.load() >= (count > 0 ? 1 : 0));
  CHECK(calls.load() <= 4);
  return times;
}

}  // namespace

TEST_CASE("every item is taken once, by however many threads") {
  for (const std::size_t count : {0U, 1U, 99U, 100U, 10000U}) {
    const auto times = taken(count, 100);
    CHECK(std::count(times.begin(), times.end(), 1) == static_cast<std::ptrdiff_t>(count));
  }
}

TEST_CASE("few items are not worth a thread") {
  int calls = 0;  // not atomic: a second thread would be seen by a sanitizer, too
  sys::share_out(99, 100, [&](sys::Items&) { ++calls; });
  CHECK(calls == 1);
}

TEST_CASE("where no thread may be made, the caller does it all") {
  const std::string done = test::run_in_child(0, [] {
    constexpr uid_t kNobodyElse = 54321;  // root may always
    const struct rlimit one = {1, 1};
    if (::setrlimit(RLIMIT_NPROC, &one) != 0) return std::string("setrlimit");
    if (::geteuid() == 0 && ::setresuid(kNobodyElse, kNobodyElse, kNobodyElse) != 0) {
      return std::string("setresuid");
    }
    int calls = 0;
    std::size_t items_taken = 0;
    sys::share_out(1000, 1, [&](sys::Items& items) {
      ++calls;
      while (items.take()) ++items_taken;
    });
    return fmt::format("{} call, {} items", calls, items_taken);
  });
  CHECK(done == "1 call, 1000 items");
}

TEST_CASE("an exception of any thread is the caller's, when all have ended") {
  for (const std::size_t unlucky : {0U, 500U, 999U}) {
    std::atomic<int> running = 0;
    const auto all = [&] {
      sys::share_out(1000, 1, [&](sys::Items& items) {
        ++running;
        while (const auto item = items.take()) {
          if (*item != unlucky) continue;
          --running;
          throw std::bad_alloc();
        }
        --running;
      });
    };
    CHECK_THROWS_AS(all(), std::bad_alloc);
    CHECK(running.load() == 0);
  }
}
