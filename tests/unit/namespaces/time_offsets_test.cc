#include "namespaces/time_offsets.h"

#include <cstdint>
#include <limits>

#include "tests/support/catch.h"

TEST_CASE("each clock's offset is a line, with the sign on the seconds", "[namespaces][TIM-01]") {
  CHECK(myrt::namespaces::time_offsets_text({}).empty());
  CHECK(myrt::namespaces::time_offsets_text({
            {"monotonic", {172800, 0}},
            {"boottime", {std::numeric_limits<std::int64_t>::min(), 999'999'999}},
        }) == "boottime -9223372036854775808 999999999\nmonotonic 172800 0\n");
}
