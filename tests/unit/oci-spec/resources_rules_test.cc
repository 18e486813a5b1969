#include "oci-spec/parse.h"
#include "oci-spec/validate.h"
#include "tests/support/catch.h"
#include "tests/unit/oci-spec/config_rows.h"

namespace myrt::oci {

TEST_CASE("device rules have known types and access letters", "[oci-spec][CDV-01][CDV-04]") {
  check_rows({
      BrokenRow{"CDV-01", R"({"linux": {"resources": {"devices": [{"access": "rwm"}]}}})",
                "/linux/resources/devices/0/allow", "is required"},
      {"CDV-04", R"({"linux": {"resources": {"devices": [{"allow": true, "type": "u"}]}}})",
       "/linux/resources/devices/0/type", "expected device type a, c or b, got `u`"},
      {"CDV-04", R"({"linux": {"resources": {"devices": [{"allow": true, "access": "rx"}]}}})",
       "/linux/resources/devices/0/access", "expected letters of `rwm`, got `rx`"},
      {"CDV-04", R"({"linux": {"resources": {"devices": [{"allow": true, "access": "rwa"}]}}})",
       "/linux/resources/devices/0/access", "expected letters of `rwm`, got `rwa`"},
      {"CDV-01", R"({"linux": {"resources": {"devices": [{"allow": true, "major": -2}]}}})",
       "/linux/resources/devices/0/major",
       "expected an integer from -1 to 9223372036854775807, got -2"},
  });
  check_rows({AcceptedRow{"CDV-01", R"({"linux": {"resources": {"devices": [{"allow": false}]}}})"},
              {"CDV-04",
               R"({"linux": {"resources": {"devices": [{"allow": false, "access": "rwa"}]}}})"}});
}

TEST_CASE("memory limits fit each other", "[oci-spec][CME-01][CME-03][CME-06]") {
  check_rows({
      BrokenRow{"CME-03", R"({"linux": {"resources": {"memory": {"swap": 100}}}})",
                "/linux/resources/memory/swap", "needs a memory limit"},
      {"CME-03", R"({"linux": {"resources": {"memory": {"limit": -1, "swap": 100}}}})",
       "/linux/resources/memory/swap", "needs a memory limit"},
      {"CME-03", R"({"linux": {"resources": {"memory": {"limit": 200, "swap": 100}}}})",
       "/linux/resources/memory/swap", "100 is below the memory limit 200"},
      {"CME-06", R"({"linux": {"resources": {"memory": {"swappiness": 101}}}})",
       "/linux/resources/memory/swappiness", "expected an integer from 0 to 100, got 101"},
      {"CME-01", R"({"linux": {"resources": {"memory": {"limit": -2}}}})",
       "/linux/resources/memory/limit",
       "expected an integer from -1 to 9223372036854775807, got -2"},
      {"CME-01", R"({"linux": {"resources": {"memory": {"limit": 9223372036854775808}}}})",
       "/linux/resources/memory/limit",
       "expected an integer from -1 to 9223372036854775807, got 9223372036854775808"},
      {"CME-07", R"({"linux": {"resources": {"memory": {"disableOOMKiller": 1}}}})",
       "/linux/resources/memory/disableOOMKiller", "expected boolean, got integer"},
  });
  check_rows({
      AcceptedRow{"CME-03", R"({"linux": {"resources": {"memory": {"limit": 100, "swap": 100}}}})"},
      {"CME-03", R"({"linux": {"resources": {"memory": {"limit": 100, "swap": -1}}}})"},
      {"CME-03", R"({"linux": {"resources": {"memory": {"swap": -1}}}})"},
      {"CME-06", R"({"linux": {"resources": {"memory": {"swappiness": 0}}}})"},
  });
}

TEST_CASE("cpu settings fit each other", "[oci-spec][CCP-01][CCP-03][CCP-06]") {
  check_rows({
      BrokenRow{"CCP-03", R"({"linux": {"resources": {"cpu": {"quota": 100, "burst": 101}}}})",
                "/linux/resources/cpu/burst", "101 is above the quota 100"},
      {"CCP-06", R"({"linux": {"resources": {"cpu": {"idle": 2}}}})", "/linux/resources/cpu/idle",
       "expected an integer from 0 to 1, got 2"},
      {"CCP-01", R"({"linux": {"resources": {"cpu": {"shares": -1}}}})",
       "/linux/resources/cpu/shares", "expected an integer from 0 to 18446744073709551615, got -1"},
  });
  check_rows({
      AcceptedRow{"CCP-03", R"({"linux": {"resources": {"cpu": {"quota": 100, "burst": 100}}}})"},
      {"CCP-03", R"({"linux": {"resources": {"cpu": {"quota": -1, "burst": 100}}}})"},
      {"CCP-06", R"({"linux": {"resources": {"cpu": {"idle": 1}}}})"},
  });
}

TEST_CASE("pids limits are counts or -1", "[oci-spec][CPI-01][CPI-02]") {
  check_rows({
      BrokenRow{"CPI-01", R"({"linux": {"resources": {"pids": {}}}})",
                "/linux/resources/pids/limit", "is required"},
      {"CPI-01", R"({"linux": {"resources": {"pids": {"limit": -2}}}})",
       "/linux/resources/pids/limit", "expected an integer from -1 to 9223372036854775807, got -2"},
      {"CPI-01", R"({"linux": {"resources": {"pids": 5}}})", "/linux/resources/pids",
       "expected object, got integer"},
  });
  const auto zero =
      parse_spec(patched_config(R"({"linux": {"resources": {"pids": {"limit": 0}}}})"));
  CHECK(zero.problems.empty());
  CHECK(zero.value.linux->resources->pids_limit == 0);
}

TEST_CASE("block I/O weights are in range and devices have one",
          "[oci-spec][CBI-01][CBI-03][CBI-04]") {
  check_rows({
      BrokenRow{"CBI-01", R"({"linux": {"resources": {"blockIO": {"weight": 9}}}})",
                "/linux/resources/blockIO/weight", "expected an integer from 10 to 1000, got 9"},
      {"CBI-01", R"({"linux": {"resources": {"blockIO": {"weight": 1001}}}})",
       "/linux/resources/blockIO/weight", "expected an integer from 10 to 1000, got 1001"},
      {"CBI-01", R"({"linux": {"resources": {"blockIO": {"weight": 65536}}}})",
       "/linux/resources/blockIO/weight", "expected an integer from 0 to 65535, got 65536"},
      {"CBI-02", R"({"linux": {"resources": {"blockIO": {"leafWeight": 5}}}})",
       "/linux/resources/blockIO/leafWeight", "expected an integer from 10 to 1000, got 5"},
      {"CBI-03",
       R"({"linux": {"resources": {"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}}}})",
       "/linux/resources/blockIO/weightDevice/0", "needs weight or leafWeight"},
      {"CBI-03",
       R"({"linux": {"resources": {"blockIO": {"weightDevice": [{"major": 8, "weight": 10}]}}}})",
       "/linux/resources/blockIO/weightDevice/0/minor", "is required"},
      {"CBI-04",
       R"({"linux": {"resources": {"blockIO": {"throttleReadBpsDevice": [{"major": 8, "minor": 0}]}}}})",
       "/linux/resources/blockIO/throttleReadBpsDevice/0/rate", "is required"},
      {"CBI-05",
       R"({"linux": {"resources": {"blockIO": {"throttleWriteIOPSDevice": [{"minor": 0, "rate": 1}]}}}})",
       "/linux/resources/blockIO/throttleWriteIOPSDevice/0/major", "is required"},
  });
  check_rows({AcceptedRow{"CBI-01", R"({"linux": {"resources": {"blockIO": {"weight": 0}}}})"}});
}

TEST_CASE("page sizes are spelled like hugetlb's", "[oci-spec][CHP-01][CHP-02]") {
  check_rows({
      BrokenRow{
          "CHP-01",
          R"({"linux": {"resources": {"hugepageLimits": [{"pageSize": "64kB", "limit": 1}]}}})",
          "/linux/resources/hugepageLimits/0/pageSize",
          "expected a page size such as 64KB, 2MB or 1GB, got `64kB`"},
      {"CHP-01",
       R"({"linux": {"resources": {"hugepageLimits": [{"pageSize": "02MB", "limit": 1}]}}})",
       "/linux/resources/hugepageLimits/0/pageSize",
       "expected a page size such as 64KB, 2MB or 1GB, got `02MB`"},
      {"CHP-01", R"({"linux": {"resources": {"hugepageLimits": [{"limit": 1}]}}})",
       "/linux/resources/hugepageLimits/0/pageSize", "is required"},
      {"CHP-02", R"({"linux": {"resources": {"hugepageLimits": [{"pageSize": "2MB"}]}}})",
       "/linux/resources/hugepageLimits/0/limit", "is required"},
  });
  check_rows({AcceptedRow{
      "CHP-02",
      R"({"linux": {"resources": {"hugepageLimits": [{"pageSize": "1GB", "limit": 0}]}}})"}});
}

TEST_CASE("network, rdma and unified keys cannot break out of their line or file",
          "[oci-spec][CNE-01][CNE-02][CRD-01][CUN-01][CUN-03]") {
  check_rows({
      BrokenRow{"CNE-01", R"({"linux": {"resources": {"network": {"classID": -1}}}})",
                "/linux/resources/network/classID",
                "expected an integer from 0 to 4294967295, got -1"},
      {"CNE-02", R"({"linux": {"resources": {"network": {"priorities": [{"name": "eth0"}]}}}})",
       "/linux/resources/network/priorities/0/priority", "is required"},
      {"CNE-02",
       R"({"linux": {"resources": {"network": {"priorities": [{"name": "a b", "priority": 1}]}}}})",
       "/linux/resources/network/priorities/0/name",
       "expected a network interface's name, got `a b`"},
      {"CRD-01", R"({"linux": {"resources": {"rdma": {"mlx5_1": {}}}}})",
       "/linux/resources/rdma/mlx5_1", "needs hcaHandles or hcaObjects"},
      {"CRD-01", R"({"linux": {"resources": {"rdma": {"a b": {"hcaObjects": 1}}}}})",
       "/linux/resources/rdma/a b", "expected a device's name, got `a b`"},
      {"CUN-03", R"({"linux": {"resources": {"unified": {"../memory.max": "1"}}}})",
       "/linux/resources/unified/..~1memory.max",
       "expected the name of a file in the cgroup, got `../memory.max`"},
      {"CUN-03", R"({"linux": {"resources": {"unified": {"..": "1"}}}})",
       "/linux/resources/unified/..", "expected the name of a file in the cgroup, got `..`"},
      {"CUN-01", R"({"linux": {"resources": {"unified": {"memory.max": 1}}}})",
       "/linux/resources/unified/memory.max", "expected string, got integer"},
  });
  check_rows({
      AcceptedRow{"CRD-01", R"({"linux": {"resources": {"rdma": {"mlx5_1": {"hcaHandles": 3}}}}})"},
      {"CUN-03", R"({"linux": {"resources": {"unified": {"future.file": "x"}}}})"},
  });
}

TEST_CASE("unified files keep the order of the document", "[oci-spec][CUN-06]") {
  const auto parsed = parse_resources(
      R"({"unified": {"memory.max": "1", "cpu.max": "2", "memory.max": "3", "io.max": "4"}})");

  CHECK(parsed.problems.empty());
  CHECK(parsed.value.unified == std::vector<std::pair<std::string, std::string>>{
                                    {"cpu.max", "2"}, {"memory.max", "3"}, {"io.max", "4"}});
}

TEST_CASE("the documents that engines send to update are accepted", "[oci-spec][CME-03][CDV-01]") {
  const auto engine_zeros = parse_resources(R"({
    "memory": {"limit": 0, "reservation": 0, "swap": 0, "kernel": 0},
    "cpu": {"shares": 0, "quota": 0, "period": 0, "realtimeRuntime": 0, "realtimePeriod": 0,
            "cpus": "", "mems": ""},
    "blockIO": {"weight": 0}})");
  const auto kubelet = parse_resources(R"({
    "devices": [{"allow": false, "access": "rwm"}],
    "memory": {"limit": 104857600, "swap": 104857600}, "cpu": {"shares": 2, "period": 100000}})");
  const auto swap_only = parse_resources(R"({"memory": {"swap": 1048576}})");

  CHECK(engine_zeros.problems.empty());
  CHECK(engine_zeros.value.memory->limit == 0);
  CHECK(engine_zeros.value.cpu->quota == 0);
  CHECK(kubelet.problems.empty());
  CHECK(kubelet.value.devices ==
        std::vector<DeviceCgroupRule>{{.allow = false, .major = {}, .minor = {}, .access = "rwm"}});
  CHECK(swap_only.problems.empty());
}

TEST_CASE("a device number of -1 and a swappiness of 2^64-1 mean not given",
          "[oci-spec][CDV-01][CME-06]") {
  const auto parsed = parse_resources(R"({
    "devices": [{"allow": true, "type": "c", "major": -1, "minor": 7}],
    "memory": {"swappiness": 18446744073709551615}})");

  CHECK(parsed.problems.empty());
  CHECK(parsed.value.devices[0].major == std::nullopt);
  CHECK(parsed.value.devices[0].minor == 7);
  CHECK(parsed.value.memory->swappiness == std::nullopt);
}

TEST_CASE("resources made without a document are validated the same", "[oci-spec][CCP-06]") {
  Resources resources;
  resources.cpu.emplace().idle = 3;

  CHECK(validate_resources(resources, "") ==
        std::vector<Problem>{{"/cpu/idle", "expected an integer from 0 to 1, got 3"}});
}

}  // namespace myrt::oci
