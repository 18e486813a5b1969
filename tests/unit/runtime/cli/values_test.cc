#include "runtime/cli/values.h"

#include "tests/support/catch.h"

using namespace myrt::cli;
using std::chrono::milliseconds;

TEST_CASE("integers are whole or nothing", "[cli][CVE-2026-30892]") {
  CHECK(parse_unsigned("0") == 0);
  CHECK(parse_unsigned("18446744073709551615") == 18446744073709551615U);
  for (const char* bad : {"", " 1", "1 ", "+1", "-1", "1x", "0x10", "18446744073709551616"}) {
    INFO(bad);
    CHECK_FALSE(parse_unsigned(bad));
  }
  CHECK(parse_signed("-1") == -1);
  CHECK(parse_signed("9223372036854775807") == 9223372036854775807);
  for (const char* bad : {"", "-", "+1", "--1", "1.0", "9223372036854775808"}) {
    INFO(bad);
    CHECK_FALSE(parse_signed(bad));
  }
}

TEST_CASE("sizes take binary suffixes in any case", "[cli]") {
  constexpr std::int64_t kMi = 1 << 20;
  CHECK(*parse_size("0") == 0);
  CHECK(*parse_size("-1") == -1);
  CHECK(*parse_size("512") == 512);
  CHECK(*parse_size("512b") == 512);
  CHECK(*parse_size("64k") == 65536);
  CHECK(*parse_size("64K") == 65536);
  CHECK(*parse_size("1m") == kMi);
  CHECK(*parse_size("1MB") == kMi);
  CHECK(*parse_size("1MiB") == kMi);
  CHECK(*parse_size("1 mib") == kMi);
  CHECK(*parse_size("1.5m") == kMi + kMi / 2);
  CHECK(*parse_size(".5m") == kMi / 2);
  CHECK(*parse_size("2g") == 2048 * kMi);
  CHECK(*parse_size("1t") == std::int64_t{1} << 40);
  CHECK(*parse_size("1p") == std::int64_t{1} << 50);
  CHECK(*parse_size("9223372036854775807") == 9223372036854775807);
}

TEST_CASE("a size that cannot be meant is an error", "[cli]") {
  for (const char* bad : {"", "m", "-2", "-1m", "10q", "1bb", "1kx", "1kibb", "1 ", " 1", "1..5m",
                          ".", "1 0m", "9223372036854775808", "8192p", "+5", "1e3"}) {
    INFO(bad);
    CHECK_FALSE(parse_size(bad).ok());
  }
  CHECK(parse_size("10q").error().message ==
        "`10q`: expected bytes, with an optional suffix k, m, g, t or p, or -1");
}

TEST_CASE("durations are read as Go reads them", "[cli]") {
  CHECK(*parse_duration("5s") == milliseconds(5000));
  CHECK(*parse_duration("100ms") == milliseconds(100));
  CHECK(*parse_duration("1m30s") == milliseconds(90000));
  CHECK(*parse_duration("1.5h") == milliseconds(5400000));
  CHECK(*parse_duration("0") == milliseconds(0));
  CHECK(*parse_duration("0s") == milliseconds(0));
  CHECK(*parse_duration("1us") == milliseconds(1));
  CHECK(*parse_duration("1500\u00b5s") == milliseconds(2));
  for (const char* bad : {"", "5", "s", "-5s", "5x", "5s5", ".s", "1..5s", "9999999999h", "5 s"}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad).ok());
  }
}

TEST_CASE("booleans are those of Go", "[cli]") {
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"}) CHECK(parse_boolean(yes) == true);
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"}) {
    CHECK(parse_boolean(no) == false);
  }
  for (const char* bad : {"", "yes", "tRUE", "2", "on"}) CHECK_FALSE(parse_boolean(bad));
}
