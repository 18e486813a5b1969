#include "cgroups/plan.h"
#include "tests/support/catch.h"

namespace myrt::cgroups {
namespace {

using Lines = std::vector<std::string>;

Lines text_of(const Writes& writes) {
  Lines result;
  for (const Write& write : writes) result.push_back(write.file + "=" + write.value);
  return result;
}

Lines after(const oci::Resources& resources) {
  const Result<ResourceWrites> writes = v1_writes(resources, "");
  REQUIRE(writes.ok());
  return text_of(writes->after_join);
}

std::string refused_at(const oci::Resources& resources) {
  const Result<ResourceWrites> writes = v1_writes(resources, "/r");
  REQUIRE_FALSE(writes.ok());
  return writes.error().pointer;
}

}  // namespace

TEST_CASE("v1 takes cpu values as they are", "[cgroups][CCP-01][CCP-02][CCP-03][CCP-06]") {
  oci::Resources resources;
  resources.cpu.emplace();
  resources.cpu->shares = 512;
  resources.cpu->quota = 1000;
  resources.cpu->period = 2000;
  resources.cpu->burst = 1000;
  CHECK(after(resources) == Lines{"cpu.shares=512", "cpu.cfs_period_us=2000",
                                  "cpu.cfs_quota_us=1000", "cpu.cfs_burst_us=1000"});
  resources.cpu->burst = 1001;
  CHECK(refused_at(resources) == "/r/cpu/burst");
  resources.cpu = oci::CpuResources{};
  resources.cpu->quota = -5;
  CHECK(after(resources) == Lines{"cpu.cfs_quota_us=-1"});
}

TEST_CASE("v1 cpuset and realtime come before the join, the period first",
          "[cgroups][CCP-04][CCP-05]") {
  oci::Resources resources;
  resources.cpu.emplace();
  resources.cpu->cpus = "0-2";
  resources.cpu->mems = "0";
  resources.cpu->realtime_runtime = 10;
  resources.cpu->realtime_period = 100;
  const Result<ResourceWrites> writes = v1_writes(resources, "");
  REQUIRE(writes.ok());
  CHECK(text_of(writes->before_join) ==
        Lines{"cpuset.cpus=0-2", "cpuset.mems=0", "cpu.rt_period_us=100", "cpu.rt_runtime_us=10"});
  CHECK(writes->after_join.empty());
}

TEST_CASE("v1 counts swap with the memory and sets both in an order that works",
          "[cgroups][CME-01][CME-02][CME-03][CME-04]") {
  oci::Resources resources;
  resources.memory.emplace();
  resources.memory->limit = 100;
  resources.memory->swap = 300;
  resources.memory->reservation = 50;
  CHECK(after(resources) == Lines{"memory.limit_in_bytes=100", "memory.memsw.limit_in_bytes=300",
                                  "memory.soft_limit_in_bytes=50"});
  const Result<ResourceWrites> writes = v1_writes(resources, "");
  CHECK(writes->after_join[0].interdependent);
  CHECK(writes->after_join[1].interdependent);
  resources.memory = oci::MemoryResources{};
  resources.memory->limit = -1;
  CHECK(after(resources) == Lines{"memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1"});
  resources.memory = oci::MemoryResources{};
  resources.memory->swap = 5;
  CHECK(refused_at(resources) == "/r/memory/swap");
  resources.memory->limit = 6;
  CHECK(refused_at(resources) == "/r/memory/swap");
}

TEST_CASE("v1 memory switches", "[cgroups][CME-06][CME-07][CME-08]") {
  oci::Resources resources;
  resources.memory.emplace();
  resources.memory->swappiness = 0;
  resources.memory->disable_oom_killer = true;
  resources.memory->use_hierarchy = true;
  CHECK(after(resources) ==
        Lines{"memory.use_hierarchy=1", "memory.swappiness=0", "memory.oom_control=1"});
  resources.memory->swappiness = 101;
  CHECK(refused_at(resources) == "/r/memory/swappiness");
}

TEST_CASE("v1 limits TCP buffers, and says that kernel memory has no limit", "[cgroups][CME-05]") {
  oci::Resources resources;
  resources.memory.emplace();
  resources.memory->kernel = 4096;
  resources.memory->kernel_tcp = 8192;
  CHECK(after(resources) == Lines{"memory.kmem.tcp.limit_in_bytes=8192"});
  CHECK(v1_writes(resources, "/r")->warnings ==
        std::vector<std::string>{"/r/memory/kernel: kernel memory limits have no effect"});
  CHECK(v2_writes(resources, "/r")->warnings.size() == 2);
  resources.memory->kernel_tcp = -1;
  CHECK(after(resources) == Lines{"memory.kmem.tcp.limit_in_bytes=-1"});
}

TEST_CASE("v1 block io", "[cgroups][CBI-01][CBI-02][CBI-03][CBI-04][CBI-05]") {
  oci::Resources resources;
  resources.block_io.emplace();
  resources.block_io->weight = 500;
  resources.block_io->leaf_weight = 20;
  resources.block_io->weight_device = {{.major = 8, .minor = 0, .weight = 30, .leaf_weight = 40}};
  resources.block_io->throttle_read_bps_device = {{.major = 8, .minor = 0, .rate = 1}};
  resources.block_io->throttle_write_bps_device = {{.major = 8, .minor = 0, .rate = 2}};
  resources.block_io->throttle_read_iops_device = {{.major = 8, .minor = 0, .rate = 3}};
  resources.block_io->throttle_write_iops_device = {{.major = 8, .minor = 0, .rate = 4}};
  CHECK(after(resources) ==
        Lines{"blkio.weight=500", "blkio.leaf_weight=20", "blkio.weight_device=8:0 30",
              "blkio.leaf_weight_device=8:0 40", "blkio.throttle.read_bps_device=8:0 1",
              "blkio.throttle.write_bps_device=8:0 2", "blkio.throttle.read_iops_device=8:0 3",
              "blkio.throttle.write_iops_device=8:0 4"});
  CHECK(v1_writes(resources, "")->after_join[0].alternative->file == "blkio.bfq.weight");
}

TEST_CASE("v1 huge pages, network, pids and rdma",
          "[cgroups][CHP-02][CNE-01][CNE-02][CPI-01][CPI-02][CRD-01]") {
  oci::Resources resources;
  resources.hugepage_limits = {{.page_size = "1GB", .limit = 7}};
  resources.network.emplace();
  resources.network->class_id = 1048577;
  resources.network->priorities = {{.name = "eth0", .priority = 500}};
  resources.rdma["d"] = {.hca_handles = 1, .hca_objects = {}};
  resources.pids_limit = 0;
  CHECK(after(resources) == Lines{"hugetlb.1GB.rsvd.limit_in_bytes=7",
                                  "hugetlb.1GB.limit_in_bytes=7", "rdma.max=d hca_handle=1",
                                  "net_cls.classid=1048577", "net_prio.ifpriomap=eth0 500",
                                  "pids.max=0"});
  resources.network->priorities[0].name = "eth0 1\n";
  CHECK(refused_at(resources) == "/r/network/priorities/0/name");
}

TEST_CASE("unified is refused on v1", "[cgroups][CUN-04]") {
  oci::Resources resources;
  resources.unified = {{"memory.high", "1"}};
  CHECK(refused_at(resources) == "/r/unified");
  CHECK(v1_writes(resources, "").error().code == ErrorCode::unsupported);
}

}  // namespace myrt::cgroups
