#include "cgroups/read_back.h"

#include "tests/support/catch.h"

using myrt::cgroups::shows_value;

TEST_CASE("a cgroup file shows what was written, as the kernel rewrites it") {
  struct Case {
    const char* file;
    const char* asked;
    const char* text;
    bool same;
  };
  const Case cases[] = {
      {"pids.max", "100", "100\n", true},
      {"pids.max", "100", "101\n", false},
      {"pids.max", "max", "max\n", true},
      {"pids.max", "max", "5\n", false},
      {"memory.max", "67108865", "67108864\n", true},  // whole pages
      {"memory.max", "67108864", "33554432\n", false},
      {"memory.max", "64M", "67108864\n", true},
      {"memory.limit_in_bytes", "-1", "9223372036854771712\n", true},
      {"memory.limit_in_bytes", "4096", "9223372036854771712\n", false},
      {"memory.swappiness", "60", "61\n", false},
      {"memory.oom_control", "1", "oom_kill_disable 1\nunder_oom 0\noom_kill 0\n", true},
      {"memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", false},
      {"cpu.shares", "1", "2\n", true},
      {"cpu.shares", "1024", "512\n", false},
      {"cpu.max", "50000 100000", "50000 100000\n", true},
      {"cpu.max", "50000", "50000 100000\n", true},
      {"cpu.max", "50000 100000", "max 100000\n", false},
      {"cpuset.cpus", "0,1,2", "0-2\n", true},
      {"cpuset.cpus", "0-1, 3", "0-1,3\n", true},
      {"cpuset.cpus", "0-1", "0\n", false},
      {"io.weight", "default 200", "default 200\n", true},
      {"io.weight", "200", "default 200\n8:0 300\n", true},
      {"io.weight", "200", "default 100\n", false},
      {"io.max", "8:0 rbps=1000", "8:0 rbps=1000 wbps=max riops=max wiops=max\n", true},
      {"io.max", "8:0 rbps=1000", "8:0 rbps=2000 wbps=max riops=max wiops=max\n", false},
      {"io.max", "8:0 rbps=1000", "", false},
      {"blkio.throttle.read_bps_device", "8:0 0", "", true},
      {"blkio.throttle.read_bps_device", "8:0 5", "8:16 5\n8:0 5\n", true},
      {"hugetlb.2MB.max", "3000000", "2097152\n", true},
      {"hugetlb.2MB.max", "8388608", "2097152\n", false},
  };
  for (const Case& example : cases) {
    CAPTURE(example.file, example.asked, example.text);
    CHECK(shows_value(example.file, example.asked, example.text) == example.same);
  }
}
