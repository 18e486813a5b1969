#include "sys/phases.h"

#include <ctime>

#include "tests/support/catch.h"

namespace myrt::sys {
namespace {

constexpr std::int64_t kBusyUs = 2000;

std::int64_t now_us() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

void be_busy() {
  for (const std::int64_t began = now_us(); now_us() - began < kBusyUs;) {
  }
}

}  // namespace

TEST_CASE("phases follow each other without a gap", "[sys][phases]") {
  Phases phases{Trace()};
  CHECK(phases.ended().empty());
  const std::int64_t began = now_us();
  phases.enter("first");
  be_busy();
  phases.enter("second");
  CHECK(phases.ended().size() == 1);
  be_busy();
  phases.enter("not counted");
  const std::int64_t whole = now_us() - began;

  const auto ended = phases.ended();
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].name == "first");
  CHECK(ended[1].name == "second");
  CHECK(ended[0].us >= kBusyUs - 1);
  CHECK(ended[1].us >= kBusyUs - 1);
  CHECK(static_cast<std::int64_t>(ended[0].us + ended[1].us) <= whole + 1);
}

}  // namespace myrt::sys
