// The stats event, as its readers decode it.
#include "runtime/container/stats_json.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace myrt::container {
namespace {

using Json = nlohmann::json;

Json data_of(const cgroups::Stats& stats) {
  return Json::parse(stats_event_json("web1", stats)).at("data");
}

constexpr std::uint64_t kLargest = 18446744073709551615U;

}  // namespace

TEST_CASE("an event is one line with its type and id", "[container][stats]") {
  for (const std::string& text :
       {stats_event_json("web1", cgroups::Stats{}), oom_event_json("web1")}) {
    CHECK(text.find('\n') == std::string::npos);
    CHECK(Json::parse(text).at("id") == "web1");
  }
  CHECK(Json::parse(oom_event_json("web1")) == Json({{"type", "oom"}, {"id", "web1"}}));
  const Json event = Json::parse(stats_event_json("web1", cgroups::Stats{}));
  CHECK(event.at("type") == "stats");
  CHECK(event.size() == 3);
}

TEST_CASE("without any value the document has what its readers look at", "[container][stats]") {
  const Json data = data_of({});

  for (const char* name : {"total", "kernel", "user"}) {
    CHECK(data.at("cpu").at("usage").at(name) == 0);
  }
  CHECK(data.at("cpu").at("throttling") == Json::object());
  for (const char* name : {"usage", "swap", "kernel", "kernelTCP"}) {
    CHECK(data.at("memory").at(name) == Json({{"limit", 0}, {"failcnt", 0}}));
  }
  CHECK(data.at("memory").at("raw") == Json::object());
  CHECK(data.at("pids") == Json::object());
  CHECK(data.at("blkio") == Json::object());
  CHECK(data.at("hugetlb") == Json::object());
  CHECK(data.at("intel_rdt") == Json::object());
  CHECK(data.at("network_interfaces").is_null());
  CHECK_FALSE(data.contains("rdma"));
  CHECK_FALSE(data.at("cpu").contains("psi"));
  CHECK_FALSE(data.at("memory").contains("cache"));
  CHECK_FALSE(data.at("memory").contains("events"));
}

TEST_CASE("cpu numbers are nanoseconds and counts", "[container][stats]") {
  cgroups::Stats stats;
  stats.cpu.total_ns = kLargest;
  stats.cpu.kernel_ns = 2;
  stats.cpu.user_ns = 3;
  stats.cpu.percpu_ns = {4, 5};
  stats.cpu.periods = 6;
  stats.cpu.throttled_periods = 7;
  stats.cpu.throttled_time_ns = 8;
  stats.cpuset.cpus = {0, 1, 4095};

  const Json data = data_of(stats);

  CHECK(data.at("cpu").at("usage") ==
        Json({{"total", kLargest}, {"kernel", 2}, {"user", 3}, {"percpu", {4, 5}}}));
  CHECK(data.at("cpu").at("throttling") ==
        Json({{"periods", 6}, {"throttledPeriods", 7}, {"throttledTime", 8}}));
  CHECK(data.at("cpuset").at("cpus") == Json({0, 1, 4095}));
  CHECK(data.at("cpuset").at("mems") == Json::array());
}

TEST_CASE("memory numbers are exact up to the largest", "[container][stats][CFG-06]") {
  cgroups::Stats stats;
  stats.memory.usage = {.limit = kLargest, .usage = kLargest - 1, .max = 3, .failcnt = 4};
  stats.memory.swap = {.limit = 5, .usage = {}, .max = {}, .failcnt = {}};
  stats.memory.cache = 9007199254740993U;  // no double has this value
  stats.memory.raw = {{"total_rss", 1}, {"anon", kLargest}};
  stats.memory.events = {{"oom_kill", 2}, {"max", 0}};

  const Json memory = data_of(stats).at("memory");

  CHECK(memory.at("usage") ==
        Json({{"limit", kLargest}, {"usage", kLargest - 1}, {"max", 3}, {"failcnt", 4}}));
  CHECK(memory.at("swap") == Json({{"limit", 5}, {"failcnt", 0}}));
  CHECK(memory.at("cache").get<std::uint64_t>() == 9007199254740993U);
  CHECK(memory.at("raw") == Json({{"total_rss", 1}, {"anon", kLargest}}));
  CHECK(memory.at("events") == Json({{"oom_kill", 2}}));
}

TEST_CASE("absent and zero pids are different", "[container][stats][CFG-07]") {
  cgroups::Stats stats;
  stats.pids.limit = 0;
  CHECK(data_of(stats).at("pids") == Json({{"limit", 0}}));
  stats.pids.current = 3;
  CHECK(data_of(stats).at("pids") == Json({{"current", 3}, {"limit", 0}}));
}

TEST_CASE("block devices, huge pages and rdma are listed by their names", "[container][stats]") {
  cgroups::Stats stats;
  stats.blkio.service_bytes = {{.major = 8, .minor = 0, .op = "Read", .value = kLargest}};
  stats.blkio.sectors = {{.major = 8, .minor = 16, .op = "", .value = 1}};
  stats.hugetlb["2MB"] = {.usage = 4096, .max = {}, .failcnt = {}};
  stats.rdma.current = {{.device = "mlx4_0", .hca_handles = 2, .hca_objects = {}}};

  const Json data = data_of(stats);

  CHECK(data.at("blkio").size() == 2);
  CHECK(data.at("blkio").at("ioServiceBytesRecursive") ==
        Json::array({{{"major", 8}, {"minor", 0}, {"op", "Read"}, {"value", kLargest}}}));
  CHECK(data.at("blkio").at("sectorsRecursive").at(0).at("minor") == 16);
  CHECK(data.at("hugetlb") == Json({{"2MB", {{"failcnt", 0}, {"usage", 4096}}}}));
  CHECK(data.at("rdma").at("current") == Json::array({{{"device", "mlx4_0"}, {"hcaHandles", 2}}}));
  CHECK(data.at("rdma").at("limit") == Json::array());
}

TEST_CASE("every list of block device numbers has its own name", "[container][stats]") {
  using List = std::vector<cgroups::BlkioEntry> cgroups::BlkioStats::*;
  const std::vector<std::pair<List, std::string>> lists = {
      {&cgroups::BlkioStats::service_bytes, "ioServiceBytesRecursive"},
      {&cgroups::BlkioStats::serviced, "ioServicedRecursive"},
      {&cgroups::BlkioStats::queued, "ioQueueRecursive"},
      {&cgroups::BlkioStats::service_time, "ioServiceTimeRecursive"},
      {&cgroups::BlkioStats::wait_time, "ioWaitTimeRecursive"},
      {&cgroups::BlkioStats::merged, "ioMergedRecursive"},
      {&cgroups::BlkioStats::time, "ioTimeRecursive"},
      {&cgroups::BlkioStats::sectors, "sectorsRecursive"}};
  for (const auto& [list, name] : lists) {
    cgroups::Stats stats;
    stats.blkio.*list = {{.major = 1, .minor = 2, .op = "Write", .value = 3}};
    const Json blkio = data_of(stats).at("blkio");
    CHECK(blkio.size() == 1);
    CHECK(blkio.contains(name));
  }
}

TEST_CASE("pressure is shown where the kernel tells it", "[container][stats]") {
  cgroups::Stats stats;
  stats.cpu.psi.emplace();
  stats.cpu.psi->some = {.avg10 = 0.25, .avg60 = 1.5, .avg300 = 0, .total_us = kLargest};
  stats.memory.psi.emplace();
  stats.blkio.psi.emplace();

  const Json data = data_of(stats);

  CHECK(data.at("cpu").at("psi").at("some") ==
        Json({{"avg10", 0.25}, {"avg60", 1.5}, {"avg300", 0.0}, {"total", kLargest}}));
  CHECK(data.at("cpu").at("psi").at("full").at("total") == 0);
  CHECK(data.at("memory").contains("psi"));
  CHECK(data.at("blkio").contains("psi"));
}

TEST_CASE("resctrl's numbers have libcontainer's names", "[container][stats]") {
  init::RdtStats rdt;
  rdt.l3_info = {"fffff", 1, 16};
  rdt.mem_bw_info = {10, 1, 20, 8};
  rdt.l3_schema_root = "L3:0=fffff";
  rdt.l3_schema = "L3:0=f";
  rdt.monitoring = {{7, 8, std::nullopt}, {std::nullopt, std::nullopt, std::nullopt}};

  const Json json = Json::parse(stats_event_json("web1", {}, rdt)).at("data").at("intel_rdt");

  CHECK(json ==
        Json({{"l3_cache_info", {{"cbm_mask", "fffff"}, {"min_cbm_bits", 1}, {"num_closids", 16}}},
              {"mem_bw_info",
               {{"bandwidth_gran", 10},
                {"delay_linear", 1},
                {"min_bandwidth", 20},
                {"num_closids", 8}}},
              {"l3_cache_schema_root", "L3:0=fffff"},
              {"l3_cache_schema", "L3:0=f"},
              {"cmt_stats", Json::array({{{"llc_occupancy", 7}}})},
              {"mbm_stats", Json::array({{{"mbm_total_bytes", 8}}})}}));
}

}  // namespace myrt::container
