#include "cgroups/usage.h"

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::cgroups {
namespace {

Location v2_at(const std::string& directory) {
  return {.mode = Mode::v2, .directories = {{"", directory}}};
}

}  // namespace

TEST_CASE("usage of siblings, and of cgroups elsewhere, by one reader", "[cgroups]") {
  const test::TempDir dir;
  dir.write("pod/a/pids.current", "1\n");
  dir.write("pod/b/pids.current", "2\n");
  dir.write("other/a/pids.current", "3\n");
  UsageReader reader;

  CHECK(reader.read(v2_at(dir / "pod/a"))->pids == std::uint64_t{1});
  CHECK(reader.read(v2_at(dir / "pod/b"))->pids == std::uint64_t{2});
  CHECK(reader.read(v2_at(dir / "other/a"))->pids == std::uint64_t{3});
  CHECK(reader.read(v2_at(dir / "pod/a"))->pids == std::uint64_t{1});
}

TEST_CASE("a hierarchy of v1 has its own place", "[cgroups]") {
  const test::TempDir dir;
  dir.write("pids/x/pids.current", "5\n");
  dir.write("cpu,cpuacct/x/cpuacct.usage", "7000\n");
  UsageReader reader;

  const auto usage = reader.read({.mode = Mode::v1,
                                  .directories = {{"pids", dir / "pids/x"},
                                                  {"cpu,cpuacct", dir / "cpu,cpuacct/x"},
                                                  {"freezer", dir / "freezer/x"}}});

  REQUIRE(usage.ok());
  CHECK(usage->pids == std::uint64_t{5});
  CHECK(usage->cpu_us == std::uint64_t{7});
  CHECK_FALSE(usage->memory_bytes.has_value());
}

TEST_CASE("a cgroup that is gone is told from one without numbers", "[cgroups]") {
  const test::TempDir dir;
  dir.write("empty/unrelated", "");
  UsageReader reader;

  CHECK(reader.read(v2_at(dir / "empty")).ok());
  CHECK(reader.read(v2_at(dir / "gone")).error().code == ErrorCode::not_found);
  CHECK(reader.read(v2_at(dir / "gone/below")).error().code == ErrorCode::not_found);
}

}  // namespace myrt::cgroups
