#include "cgroups/plan.h"
#include "cgroups/v2/resources.h"
#include "tests/support/catch.h"

namespace myrt::cgroups {
namespace {

std::vector<std::string> lines(const oci::Resources& resources) {
  const Result<ResourceWrites> writes = v2_writes(resources, "");
  INFO((writes.ok() ? std::string() : writes.error().message));
  REQUIRE(writes.ok());
  std::vector<std::string> result;
  for (const Writes* part : {&writes->before_join, &writes->after_join}) {
    for (const Write& write : *part) result.push_back(write.file + "=" + write.value);
  }
  return result;
}

std::string refused_at(const oci::Resources& resources) {
  const Result<ResourceWrites> writes = v2_writes(resources, "/r");
  REQUIRE_FALSE(writes.ok());
  return writes.error().pointer;
}

using Lines = std::vector<std::string>;

oci::Resources memory(const std::optional<std::int64_t>& limit,
                      const std::optional<std::int64_t>& swap) {
  oci::Resources resources;
  resources.memory.emplace();
  resources.memory->limit = limit;
  resources.memory->swap = swap;
  return resources;
}

}  // namespace

TEST_CASE("shares become a weight on the quadratic curve", "[cgroups][CCP-01][CUN-05]") {
  CHECK(v2::weight_of_shares(1) == 1);
  CHECK(v2::weight_of_shares(2) == 1);
  CHECK(v2::weight_of_shares(3) == 2);
  CHECK(v2::weight_of_shares(1023) == 100);
  CHECK(v2::weight_of_shares(1024) == 100);
  CHECK(v2::weight_of_shares(1025) == 101);
  CHECK(v2::weight_of_shares(512) == 59);
  CHECK(v2::weight_of_shares(262143) == 10000);
  CHECK(v2::weight_of_shares(262144) == 10000);
  CHECK(v2::weight_of_shares(99999999) == 10000);
}

TEST_CASE("cpu quota and period share one file", "[cgroups][CCP-02][CCP-03]") {
  const auto cpu = [](std::optional<std::int64_t> quota, std::optional<std::uint64_t> period,
                      std::optional<std::uint64_t> burst) {
    oci::Resources resources;
    resources.cpu.emplace();
    resources.cpu->quota = quota;
    resources.cpu->period = period;
    resources.cpu->burst = burst;
    return resources;
  };

  CHECK(lines(cpu(20000, 50000, {})) == Lines{"cpu.max=20000 50000"});
  CHECK(lines(cpu(20000, {}, 100)) == Lines{"cpu.max=20000", "cpu.max.burst=100"});
  CHECK(lines(cpu(-1, {}, {})) == Lines{"cpu.max=max"});
  CHECK(lines(cpu({}, 50000, {})) == Lines{"cpu.max=max 50000"});
  CHECK(lines(cpu(0, 0, {})).empty());
  CHECK(refused_at(cpu(100, {}, 101)) == "/r/cpu/burst");
}

TEST_CASE("an idle cgroup gets no weight", "[cgroups][CCP-06]") {
  oci::Resources resources;
  resources.cpu.emplace();
  resources.cpu->shares = 1024;
  resources.cpu->idle = 1;
  CHECK(lines(resources) == Lines{"cpu.idle=1"});
  resources.cpu->idle = 0;
  CHECK(lines(resources) == Lines{"cpu.idle=0", "cpu.weight=100"});
  resources.cpu->idle = 2;
  CHECK(refused_at(resources) == "/r/cpu/idle");
}

TEST_CASE("realtime scheduling is refused on v2", "[cgroups][CCP-04][CUN-05]") {
  oci::Resources resources;
  resources.cpu.emplace();
  resources.cpu->realtime_period = 1000;
  CHECK(refused_at(resources) == "/r/cpu/realtimePeriod");
  resources.cpu->realtime_runtime = 10;
  CHECK(refused_at(resources) == "/r/cpu/realtimeRuntime");
}

TEST_CASE("swap is counted without the memory", "[cgroups][CME-01][CME-03][CME-04]") {
  CHECK(lines(memory(100, 300)) == Lines{"memory.swap.max=200", "memory.max=100"});
  CHECK(lines(memory(100, 100)) == Lines{"memory.swap.max=0", "memory.max=100"});
  CHECK(lines(memory(100, -1)) == Lines{"memory.swap.max=max", "memory.max=100"});
  CHECK(lines(memory(-1, {})) == Lines{"memory.swap.max=max", "memory.max=max"});
  CHECK(lines(memory(100, {})) == Lines{"memory.max=100"});
  CHECK(refused_at(memory({}, 300)) == "/r/memory/swap");
  CHECK(refused_at(memory(-1, 300)) == "/r/memory/swap");
  CHECK(refused_at(memory(100, 99)) == "/r/memory/swap");
}

TEST_CASE("a reservation is protected memory", "[cgroups][CME-02]") {
  oci::Resources resources;
  resources.memory.emplace();
  resources.memory->reservation = 50;
  CHECK(lines(resources) == Lines{"memory.low=50"});
}

TEST_CASE("memory settings that v2 does not have are refused",
          "[cgroups][CME-06][CME-07][CME-08][CUN-05]") {
  oci::Resources resources;
  resources.memory.emplace();
  resources.memory->swappiness = 60;
  CHECK(refused_at(resources) == "/r/memory/swappiness");
  resources.memory = oci::MemoryResources{};
  resources.memory->disable_oom_killer = true;
  CHECK(refused_at(resources) == "/r/memory/disableOOMKiller");
  resources.memory = oci::MemoryResources{};
  resources.memory->use_hierarchy = false;
  CHECK(refused_at(resources) == "/r/memory/useHierarchy");
  resources.memory->use_hierarchy = true;
  resources.memory->disable_oom_killer = false;
  CHECK(lines(resources).empty());
}

TEST_CASE("kernel memory limits are warned about", "[cgroups][CME-05]") {
  oci::Resources resources;
  resources.memory.emplace();
  resources.memory->kernel = 5;
  resources.memory->kernel_tcp = 6;
  CHECK(v2_writes(resources, "")->warnings.size() == 2);
  CHECK(v1_writes(resources, "")->warnings.size() == 1);  // it limits TCP buffers
}

TEST_CASE("the io weight is BFQ's, or converted for io.weight", "[cgroups][CBI-01][CUN-05]") {
  oci::Resources resources;
  resources.block_io.emplace();
  resources.block_io->weight = 500;

  const Result<ResourceWrites> writes = v2_writes(resources, "");

  REQUIRE(writes.ok());
  CHECK(writes->after_join[0].value == "default 500");
  CHECK(writes->after_join[0].alternative ==
        Alternative{.file = "io.weight", .value = "default 4950"});
  CHECK(v2::io_weight_of_weight(10) == 1);
  CHECK(v2::io_weight_of_weight(1000) == 10000);
  resources.block_io->weight = 9;
  CHECK(refused_at(resources) == "/r/blockIO/weight");
}

TEST_CASE("io throttles are lines of io.max", "[cgroups][CBI-03][CBI-04][CBI-05]") {
  oci::Resources resources;
  resources.block_io.emplace();
  resources.block_io->weight_device = {{.major = 8, .minor = 0, .weight = 10, .leaf_weight = {}}};
  resources.block_io->throttle_read_bps_device = {{.major = 8, .minor = 0, .rate = 100}};
  resources.block_io->throttle_write_bps_device = {{.major = 8, .minor = 0, .rate = 0}};
  resources.block_io->throttle_read_iops_device = {{.major = 8, .minor = 16, .rate = 7}};
  resources.block_io->throttle_write_iops_device = {{.major = 8, .minor = 16, .rate = 8}};

  CHECK(lines(resources) == Lines{"io.bfq.weight=8:0 10", "io.max=8:0 rbps=100",
                                  "io.max=8:0 wbps=max", "io.max=8:16 riops=7",
                                  "io.max=8:16 wiops=8"});
  resources.block_io->weight_device = {{.major = 8, .minor = 0, .weight = {}, .leaf_weight = {}}};
  CHECK(refused_at(resources) == "/r/blockIO/weightDevice/0");
}

TEST_CASE("leaf weights are refused on v2", "[cgroups][CBI-02][CUN-05]") {
  oci::Resources resources;
  resources.block_io.emplace();
  resources.block_io->leaf_weight = 10;
  CHECK(refused_at(resources) == "/r/blockIO/leafWeight");
  resources.block_io = oci::BlockIoResources{};
  resources.block_io->weight_device = {{.major = 8, .minor = 0, .weight = 20, .leaf_weight = 10}};
  CHECK(refused_at(resources) == "/r/blockIO/weightDevice/0/leafWeight");
}

TEST_CASE("a pids limit of zero is a limit", "[cgroups][CPI-01][CPI-02]") {
  oci::Resources resources;
  resources.pids_limit = 0;
  CHECK(lines(resources) == Lines{"pids.max=0"});
  resources.pids_limit = -1;
  CHECK(lines(resources) == Lines{"pids.max=max"});
}

TEST_CASE("huge pages are limited by reservation too, where the kernel counts it",
          "[cgroups][CHP-01][CHP-02][CHP-03]") {
  oci::Resources resources;
  resources.hugepage_limits = {{.page_size = "2MB", .limit = 4096}};
  CHECK(lines(resources) == Lines{"hugetlb.2MB.rsvd.max=4096", "hugetlb.2MB.max=4096"});
  CHECK(v2_writes(resources, "")->after_join[0].on_missing == OnMissing::skip);
  CHECK(v2_writes(resources, "")->after_join[1].on_missing == OnMissing::error);
  for (const char* size : {"", "MB", "2", "2mb", "02MB", "2MB/x", "../2MB", "2 MB"}) {
    resources.hugepage_limits[0].page_size = size;
    CHECK(refused_at(resources) == "/r/hugepageLimits/0/pageSize");
  }
}

TEST_CASE("network classes and priorities are refused on v2", "[cgroups][CNE-01][CNE-02][CUN-05]") {
  oci::Resources resources;
  resources.network.emplace();
  resources.network->class_id = 1;
  CHECK(refused_at(resources) == "/r/network/classID");
  resources.network = oci::NetworkResources{};
  resources.network->priorities = {{.name = "eth0", .priority = 1}};
  CHECK(refused_at(resources) == "/r/network/priorities");
}

TEST_CASE("rdma limits name the device", "[cgroups][CRD-01]") {
  oci::Resources resources;
  resources.rdma["mlx5_1"] = {.hca_handles = 3, .hca_objects = 10000};
  resources.rdma["mlx4_0"] = {.hca_handles = {}, .hca_objects = 1000};
  CHECK(lines(resources) ==
        Lines{"rdma.max=mlx4_0 hca_object=1000", "rdma.max=mlx5_1 hca_handle=3 hca_object=10000"});
  resources.rdma = {{"a/b", {}}};
  CHECK(refused_at(resources) == "/r/rdma/a~1b");
}

TEST_CASE("unified comes last, in its order, one line per write",
          "[cgroups][CUN-01][CUN-03][CUN-06]") {
  oci::Resources resources = memory(100, {});
  resources.unified = {{"memory.high", "80"},
                       {"io.max", "8:0 rbps=1\n8:16 rbps=2\n"},
                       {"new.thing", "x"},
                       {"cpuset.cpus", ""}};
  CHECK(lines(resources) == Lines{"memory.max=100", "memory.high=80", "io.max=8:0 rbps=1",
                                  "io.max=8:16 rbps=2", "new.thing=x", "cpuset.cpus=\n"});
  const Result<ResourceWrites> writes = v2_writes(resources, "");
  CHECK(writes->after_join[1].controller == "memory");
  CHECK(writes->after_join[4].controller == "new");
  for (const char* key : {"../memory.max", "a/b.c", "memory", ".max", ""}) {
    resources.unified = {{key, "1"}};
    CHECK_THAT(refused_at(resources), Catch::StartsWith("/r/unified/"));
  }
}

TEST_CASE("core files of unified need no controller", "[cgroups][CUN-02]") {
  oci::Resources resources;
  resources.unified = {{"cgroup.max.depth", "3"}};
  CHECK(v2_writes(resources, "")->after_join[0].controller.empty());
}

}  // namespace myrt::cgroups
