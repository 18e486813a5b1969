#include "cgroups/existing.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "cgroups/oom_events.h"
#include "cgroups/tree.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::cgroups {
namespace {

Location v2_at(const test::TempDir& dir) {
  return {.mode = Mode::v2, .directories = {{"", dir.path()}}};
}

}  // namespace

TEST_CASE("zero means leave as is in an update", "[cgroups][CPI-02]") {
  oci::Resources resources;
  resources.pids_limit = 0;
  resources.devices = {{.allow = false, .type = 'a', .major = {}, .minor = {}, .access = "rwm"}};
  resources.memory = oci::MemoryResources{};
  resources.memory->limit = 0;
  resources.memory->swap = 0;
  resources.memory->reservation = 7;
  resources.cpu = oci::CpuResources{};
  resources.cpu->shares = 0;
  resources.cpu->quota = -1;
  resources.cpu->period = 0;
  resources.block_io = oci::BlockIoResources{};
  resources.block_io->weight = 0;

  const oci::Resources kept = without_zeros(resources);

  CHECK(kept.devices.empty());
  CHECK_FALSE(kept.pids_limit.has_value());
  CHECK_FALSE(kept.memory->limit.has_value());
  CHECK_FALSE(kept.memory->swap.has_value());
  CHECK(kept.memory->reservation == std::int64_t{7});
  CHECK_FALSE(kept.cpu->shares.has_value());
  CHECK(kept.cpu->quota == std::int64_t{-1});
  CHECK_FALSE(kept.cpu->period.has_value());
  CHECK_FALSE(kept.block_io->weight.has_value());
}

TEST_CASE("what the OOM killer's victim ran into, as far as the kernel says", "[cgroups][CME-01]") {
  const test::TempDir dir;
  CHECK(limit_and_peak(v2_at(dir)).empty());
  dir.write("memory.max", "524288\n");
  CHECK(limit_and_peak(v2_at(dir)) == ": limit 524288");
  dir.write("memory.peak", "528384\n");
  CHECK(limit_and_peak(v2_at(dir)) == ": limit 524288, peak 528384");
}

TEST_CASE("a unit whose cgroup is gone needs no bus to be removed", "[cgroups][systemd]") {
  Location location{.mode = Mode::v2, .directories = {{"", "/nonexistent/x.scope"}}};
  location.unit = systemd::UnitAddress{.bus = "unix:path=/nonexistent/bus", .name = "x.scope"};
  CHECK(remove(location).ok());
}

TEST_CASE("without a bus a unit's cgroup is removed all the same", "[cgroups][systemd]") {
  const test::TempDir dir;
  REQUIRE(::mkdir((dir / "x.scope").c_str(), 0755) == 0);
  Location location{.mode = Mode::v2, .directories = {{"", dir / "x.scope"}}};
  location.unit = systemd::UnitAddress{.bus = "unix:path=" + (dir / "bus"), .name = "x.scope"};
  CHECK(remove(location).ok());
  CHECK(::access((dir / "x.scope").c_str(), F_OK) != 0);
}

TEST_CASE("without a bus an update of a unit changes nothing", "[cgroups][systemd]") {
  const test::TempDir dir;
  dir.write("pids.max", "5\n");
  Location location = v2_at(dir);
  location.unit = systemd::UnitAddress{.bus = "unix:path=" + (dir / "bus"), .name = "x.scope"};
  oci::Resources resources;
  resources.pids_limit = 7;
  CHECK_FALSE(update(location, resources).ok());
  CHECK(dir.read("pids.max") == "5\n");
}

TEST_CASE("empty cgroups are removed, and one that is not is reported", "[cgroups]") {
  const test::TempDir dir;
  dir.write("busy/child/file", "");
  dir.write("empty/file", "");
  std::filesystem::remove(dir / "empty/file");
  Location location;
  location.mode = Mode::v1;
  location.directories = {{"pids", dir / "busy"}, {"memory", dir / "empty"}, {"cpu", dir / "gone"}};

  CHECK_FALSE(remove_empty(location));

  CHECK(std::filesystem::exists(dir / "busy"));
  CHECK_FALSE(std::filesystem::exists(dir / "empty"));
  std::filesystem::remove_all(dir / "busy/child");
  CHECK(remove_empty(location));
  CHECK(remove_empty(location));
}

TEST_CASE("a new period keeps the quota", "[cgroups][CCP-02]") {
  const test::TempDir dir;
  dir.write("cpu.max", "20000 100000\n");
  oci::Resources resources;
  resources.cpu.emplace();
  resources.cpu->period = 50000;

  REQUIRE(update(v2_at(dir), resources).ok());

  CHECK_THAT(dir.read("cpu.max"), Catch::StartsWith("20000 50000"));
}

TEST_CASE("a new swap limit counts from the memory limit in force", "[cgroups][CME-03]") {
  const test::TempDir dir;
  dir.write("memory.max", "100\n");
  dir.write("memory.swap.max", "0");
  oci::Resources resources;
  resources.memory.emplace();
  resources.memory->swap = 350;

  REQUIRE(update(v2_at(dir), resources).ok());

  CHECK(dir.read("memory.swap.max") == "250");
}

TEST_CASE("a limit below the usage is refused when asked to check", "[cgroups][CME-09]") {
  const test::TempDir dir;
  dir.write("memory.max", "max\n");
  dir.write("memory.current", "5000\n");
  oci::Resources resources;
  resources.memory.emplace();
  resources.memory->limit = 4999;
  resources.memory->check_before_update = true;

  const auto refused = update(v2_at(dir), resources);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::wrong_status);
  CHECK(dir.read("memory.max") == "max\n");

  resources.memory->limit = 5000;
  CHECK(update(v2_at(dir), resources).ok());
}

TEST_CASE("processes are those of sub-cgroups too, ascending and once", "[cgroups]") {
  const test::TempDir unified;
  const test::TempDir freezer;
  unified.write("cgroup.procs", "30\n0\n");
  unified.write("a/b/cgroup.procs", "7\n");
  unified.write("a/cgroup.procs", "");
  freezer.write("cgroup.procs", "30\n9\n");

  const auto pids = processes(
      {.mode = Mode::hybrid, .directories = {{"freezer", freezer.path()}, {"", unified.path()}}});

  REQUIRE(pids.ok());
  CHECK(*pids == std::vector<pid_t>{7, 9, 30});
}

TEST_CASE("a cgroup that is gone has no processes and is not frozen", "[cgroups]") {
  const Location gone{.mode = Mode::v2, .directories = {{"", "/nonexistent/myrt"}}};

  CHECK(processes(gone)->empty());
  CHECK_FALSE(*is_frozen(gone));
  CHECK(kill_all(gone, SIGKILL).ok());
  CHECK(kill_all(gone, SIGTERM).ok());
  CHECK(remove(gone).ok());
}

TEST_CASE("frozen is what either freezer says", "[cgroups]") {
  const test::TempDir unified;
  const test::TempDir freezer;
  const Location location{.mode = Mode::hybrid,
                          .directories = {{"freezer", freezer.path()}, {"", unified.path()}}};
  unified.write("cgroup.events", "populated 1\nfrozen 0\n");
  freezer.write("freezer.state", "THAWED\n");
  CHECK_FALSE(*is_frozen(location));
  freezer.write("freezer.state", "FROZEN\n");
  CHECK(*is_frozen(location));
  freezer.write("freezer.state", "THAWED\n");
  CHECK_FALSE(*is_freezing(location));
  unified.write("cgroup.freeze", "1\n");
  CHECK_FALSE(*is_frozen(location));
  CHECK(*is_freezing(location));
  unified.write("cgroup.events", "populated 1\nfrozen 1\n");
  CHECK(*is_frozen(location));
}

TEST_CASE("a cgroup that is gone meanwhile is thawed", "[cgroups]") {
  const test::TempDir directory;
  const std::string gone = directory / "gone";

  CHECK(thaw({.mode = Mode::v1, .directories = {{"freezer", gone}}}).ok());
  CHECK(thaw({.mode = Mode::v2, .directories = {{"", gone}}}).ok());
  // Between the look at one file and at the next.
  directory.write("half/cgroup.freeze", "1");
  CHECK(thaw({.mode = Mode::v2, .directories = {{"", directory / "half"}}}).ok());
}

TEST_CASE("a freeze whose end cannot be seen is taken back", "[cgroups]") {
  const test::TempDir directory;
  directory.write("v2/cgroup.freeze", "0");  // and no cgroup.events
  CHECK_FALSE(freeze({.mode = Mode::v2, .directories = {{"", directory / "v2"}}}).ok());
  CHECK(directory.read("v2/cgroup.freeze") == "0");
}

TEST_CASE("a container outside any freezer cannot be paused", "[cgroups]") {
  const Location location{.mode = Mode::v1, .directories = {{"memory", "/nonexistent"}}};

  CHECK(freeze(location).error().code == ErrorCode::unsupported);
  CHECK(thaw(location).error().code == ErrorCode::unsupported);
}

TEST_CASE("a controller is found among those mounted together", "[cgroups]") {
  CHECK(has_controller("cpu,cpuacct", "cpu"));
  CHECK(has_controller("cpu,cpuacct", "cpuacct"));
  CHECK_FALSE(has_controller("cpuset", "cpu"));
  CHECK_FALSE(has_controller("", "cpu"));
}

}  // namespace myrt::cgroups
