#include "cgroups/stats.h"

#include <limits>

#include "cgroups/stats_files.h"
#include "cgroups/tree.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::cgroups {

TEST_CASE("statistics of a v2 cgroup", "[cgroups]") {
  const test::TempDir dir;
  dir.write("cpu.stat",
            "usage_usec 30\nuser_usec 20\nsystem_usec 10\nnr_periods 3\nnr_throttled 2\n"
            "throttled_usec 5\n");
  dir.write("cpu.pressure",
            "some avg10=1.50 avg60=0.00 avg300=0.25 total=77\n"
            "full avg10=0.00 avg60=0.00 avg300=0.00 total=8\n");
  dir.write("memory.stat", "anon 1\nfile 4096\n");
  dir.write("memory.events", "low 0\noom 2\noom_kill 1\noom_group_kill 0\n");
  dir.write("memory.current", "8192\n");
  dir.write("memory.max", "16384\n");
  dir.write("memory.swap.current", "100\n");
  dir.write("memory.swap.max", "1000\n");
  dir.write("pids.current", "2\n");
  dir.write("pids.max", "max\n");
  dir.write("io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n");
  dir.write("hugetlb.2MB.current", "7\n");
  dir.write("hugetlb.2MB.rsvd.current", "9\n");
  dir.write("hugetlb.2MB.events", "max 4\n");
  dir.write("rdma.current", "mlx5_0 hca_handle=2 hca_object=20\n");
  dir.write("rdma.max", "mlx5_0 hca_handle=max hca_object=30\n");
  dir.write("cpuset.cpus", "0-2,5\n");

  const Result<Stats> stats = read_stats({.mode = Mode::v2, .directories = {{"", dir.path()}}});

  REQUIRE(stats.ok());
  CHECK(stats->cpu.total_ns == std::uint64_t{30000});
  CHECK(stats->cpu.kernel_ns == std::uint64_t{10000});
  CHECK(stats->cpu.throttled_time_ns == std::uint64_t{5000});
  REQUIRE(stats->cpu.psi.has_value());
  CHECK(stats->cpu.psi->some.avg10 == 1.5);
  CHECK(stats->cpu.psi->full.total_us == 8);
  CHECK(stats->memory.cache == std::uint64_t{4096});
  CHECK(stats->memory.usage->limit == std::uint64_t{16384});
  CHECK_FALSE(stats->memory.usage->max.has_value());
  CHECK(stats->memory.swap->usage == std::uint64_t{8292});
  CHECK(stats->memory.swap->limit == std::uint64_t{17384});
  CHECK(stats->memory.events.at("oom_kill") == 1);
  CHECK_FALSE(stats->memory.psi.has_value());
  CHECK(stats->pids.limit == std::uint64_t{0});
  CHECK(stats->blkio.service_bytes ==
        std::vector<BlkioEntry>{{8, 0, "Read", 1}, {8, 0, "Write", 2}, {8, 0, "Discard", 5}});
  CHECK(stats->hugetlb.at("2MB").usage == std::uint64_t{9});
  CHECK(stats->hugetlb.at("2MB").failcnt == std::uint64_t{4});
  CHECK_FALSE(stats->rdma.limit.at(0).hca_handles.has_value());
  CHECK(stats->rdma.limit.at(0).hca_objects == std::uint64_t{30});
  CHECK(stats->cpuset.cpus == std::vector<std::uint16_t>{0, 1, 2, 5});
}

TEST_CASE("statistics of v1 cgroups come from each controller's directory", "[cgroups]") {
  const test::TempDir cpu;
  cpu.write("cpu.stat", "nr_periods 1\nnr_throttled 2\nthrottled_time 3\n");
  cpu.write("cpuacct.usage", "500\n");
  cpu.write("cpuacct.stat", "user 1\nsystem 2\n");
  cpu.write("cpuacct.usage_percpu", "200 300 \n");
  const test::TempDir memory;
  memory.write("memory.stat", "cache 11\nrss 12\n");
  memory.write("memory.usage_in_bytes", "13\n");
  memory.write("memory.max_usage_in_bytes", "14\n");
  memory.write("memory.failcnt", "15\n");
  memory.write("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 16\n");
  memory.write("memory.limit_in_bytes", "9223372036854771712\n");
  const test::TempDir blkio;
  blkio.write("blkio.throttle.io_service_bytes_recursive", "8:0 Read 1\n8:0 Total 1\nTotal 1\n");
  blkio.write("blkio.bfq.io_service_bytes_recursive", "Total 0\n");
  const test::TempDir cpuset;
  cpuset.write("cpuset.cpus", "0-1\n");
  cpuset.write("cpuset.sched_relax_domain_level", "-1\n");

  const Result<Stats> stats = read_stats({.mode = Mode::v1,
                                          .directories = {{"cpu,cpuacct", cpu.path()},
                                                          {"memory", memory.path()},
                                                          {"blkio", blkio.path()},
                                                          {"cpuset", cpuset.path()}}});

  REQUIRE(stats.ok());
  CHECK(stats->cpu.total_ns == std::uint64_t{500});
  CHECK(stats->cpu.kernel_ns == 2 * *stats->cpu.user_ns);
  CHECK(stats->cpu.percpu_ns == std::vector<std::uint64_t>{200, 300});
  CHECK(stats->cpu.throttled_time_ns == std::uint64_t{3});
  CHECK(stats->memory.usage ==
        MemoryEntry{
            .limit = std::uint64_t{9223372036854771712U}, .usage = 13, .max = 14, .failcnt = 15});
  CHECK_FALSE(stats->memory.swap.has_value());
  CHECK(stats->memory.cache == std::uint64_t{11});
  CHECK(stats->memory.events == std::map<std::string, std::uint64_t>{{"oom_kill", 16}});
  CHECK(stats->blkio.service_bytes.front() == BlkioEntry{8, 0, "Read", 1});
  CHECK(stats->cpuset.sched_relax_domain_level == std::int64_t{-1});
  CHECK_FALSE(stats->pids.current.has_value());
}

TEST_CASE("statistics of a cgroup that is gone are not found", "[cgroups]") {
  const Result<Stats> stats =
      read_stats({.mode = Mode::v2, .directories = {{"", "/nonexistent/myrt"}}});

  CHECK(stats.error().code == ErrorCode::not_found);
}

TEST_CASE("numbers, lists and pressure that are not understood are errors", "[cgroups]") {
  CHECK(*parse_number("max\n", "f") == std::numeric_limits<std::uint64_t>::max());
  CHECK(*parse_number("17\n", "f") == 17);
  CHECK_FALSE(parse_number("17x", "f").ok());
  CHECK_FALSE(parse_number("", "f").ok());
  CHECK(parse_list("\n")->empty());
  CHECK_FALSE(parse_list("3-1").ok());
  CHECK_FALSE(parse_list("a").ok());
  CHECK_FALSE(parse_pressure("some avg10=x total=1").ok());
  CHECK_FALSE(parse_pressure("some avg10=inf total=1").ok());
  CHECK_FALSE(parse_pressure("some avg60=nan total=1").ok());
}

TEST_CASE("a file of keys and values has one reading", "[cgroups]") {
  const std::string text = " user 1\nuser 2\nsystem  3\nnone\nidle 4 5\nirq 6";
  CHECK(parse_flat_keyed(text) == std::map<std::string, std::uint64_t>{{"user", 2}, {"irq", 6}});
  CHECK(flat_keyed_value(text, "user") == std::uint64_t{2});
  CHECK(flat_keyed_value(text, "irq") == std::uint64_t{6});
  CHECK_FALSE(flat_keyed_value(text, "system").has_value());
  CHECK_FALSE(flat_keyed_value(text, "idle").has_value());
}

TEST_CASE("a line of blanks in a pressure file says nothing", "[cgroups]") {
  const auto pressure = parse_pressure("   \nsome avg10=1.50 avg60=0.00 avg300=0.25 total=77\n");

  REQUIRE(pressure.ok());
  CHECK(pressure->some.total_us == 77);
  CHECK(pressure->full.total_us == 0);
}

}  // namespace myrt::cgroups
