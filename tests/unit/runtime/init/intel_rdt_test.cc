// On a fake resctrl tree: plain files and directories stand for the kernel's.
#include "runtime/init/intel_rdt.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "runtime/init/rdt_schemata.h"
#include "runtime/init/rdt_stats.h"
#include "sys/files.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::init {
namespace {

// A tree with one existing class, "gold". The kernel would fill a new group with files itself, so
// what a plain directory cannot do shows as ENOENT on them.
class FakeResctrl {
 public:
  FakeResctrl() {
    add_group("");
    add_group("gold/");
    auto root = sys::open(tree_.path(), O_PATH | O_DIRECTORY);
    REQUIRE(root.ok());
    root_ = std::move(root).value();
  }
  void add_group(const std::string& prefix) const {
    tree_.write(prefix + "tasks", "");
    tree_.write(prefix + "schemata", "    L3:0=00ff;1=7f0\n    MB:0=100;1= 50\n");
    ::mkdir((tree_ / (prefix + "mon_groups")).c_str(), 0755);
  }
  int fd() const { return root_.get(); }
  const test::TempDir& tree() const { return tree_; }

 private:
  test::TempDir tree_;
  sys::UniqueFd root_;
};

RdtPlan planned(const oci::IntelRdt& rdt) {
  auto plan = plan_rdt(rdt, "web");
  REQUIRE(plan.ok());
  return plan.value().value();
}

std::string pointer_of_refusal(const oci::IntelRdt& rdt) {
  const auto plan = plan_rdt(rdt, "web");
  return plan.ok() ? "accepted" : plan.error().pointer;
}

TEST_CASE("without the section there is nothing to do", "[init][RDT-01]") {
  CHECK_FALSE(plan_rdt(std::nullopt, "web").value().has_value());
}

TEST_CASE("the class is the container's own unless it is named", "[init][RDT-03][RDT-04]") {
  CHECK(planned({}).clos == "web");
  CHECK(planned({}).directory == RdtDirectory::own);
  oci::IntelRdt root;
  root.clos_id = "/";
  CHECK(planned(root).clos.empty());
  CHECK(planned(root).directory == RdtDirectory::required);
  root.schemata = std::vector<std::string>{"MB:0=50"};
  CHECK(planned(root).directory == RdtDirectory::shared);
}

TEST_CASE("schemata are lines, in the order of the spec",
          "[init][RDT-09][RDT-10][RDT-11][RDT-12]") {
  oci::IntelRdt rdt;
  rdt.schemata = std::vector<std::string>{"L2:0=f", "MB:0=20"};
  rdt.mem_bw_schema = "MB:0=50";
  rdt.l3_cache_schema = "L3:0=f";
  CHECK(planned(rdt).schemata ==
        std::vector<std::string>{"L3:0=f", "MB:0=50", "L2:0=f", "MB:0=20"});

  rdt.mem_bw_schema = "L3:0=f";
  CHECK(pointer_of_refusal(rdt) == "/linux/intelRdt/memBwSchema");
  rdt.mem_bw_schema = "MB:0=1\nL3:0=f";
  CHECK(pointer_of_refusal(rdt) == "/linux/intelRdt/memBwSchema");
  rdt.mem_bw_schema.reset();
  rdt.l3_cache_schema = "L3:0=f\n";
  CHECK(pointer_of_refusal(rdt) == "/linux/intelRdt/l3CacheSchema");
  rdt.l3_cache_schema.reset();
  rdt.schemata = std::vector<std::string>{"L2:0=f", "\n"};
  CHECK(pointer_of_refusal(rdt) == "/linux/intelRdt/schemata/1");
}

TEST_CASE("a class is named by a file name", "[init][RDT-02]") {
  for (const char* name : {"", ".", "..", "a/b", "../x", "/x"}) {
    oci::IntelRdt rdt;
    rdt.clos_id = name;
    INFO(name);
    CHECK(pointer_of_refusal(rdt) == "/linux/intelRdt/closID");
  }
}

TEST_CASE("a named class without schemata must exist and gets the pid",
          "[init][fake][RDT-02][RDT-05][RDT-08][RDT-13]") {
  const FakeResctrl resctrl;
  oci::IntelRdt rdt;
  rdt.clos_id = "gold";
  const std::string before = resctrl.tree().read("gold/schemata");

  const auto residue = apply_rdt(resctrl.fd(), planned(rdt), 4711);

  REQUIRE(residue.ok());
  CHECK(residue.value() == RdtResidue{});  // never removed (RDT-05)
  CHECK(resctrl.tree().read("gold/tasks") == "4711");
  CHECK(resctrl.tree().read("gold/schemata") == before);
  rdt.clos_id = "silver";
  CHECK(apply_rdt(resctrl.fd(), planned(rdt), 4711).error().pointer == "/linux/intelRdt/closID");
}

TEST_CASE("an existing class must have the schemata", "[init][fake][RDT-07]") {
  const FakeResctrl resctrl;
  oci::IntelRdt rdt;
  rdt.clos_id = "gold";
  rdt.l3_cache_schema = "L3:0=FF";
  rdt.mem_bw_schema = "MB:0=100;1=50";
  CHECK(apply_rdt(resctrl.fd(), planned(rdt), 1).ok());

  rdt.mem_bw_schema = "MB:0=90";
  const auto refused = apply_rdt(resctrl.fd(), planned(rdt), 1);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::invalid_config);
}

TEST_CASE("the root class with schemata is compared, never written",
          "[init][fake][RDT-03][RDT-07]") {
  const FakeResctrl resctrl;
  oci::IntelRdt rdt;
  rdt.clos_id = "/";
  rdt.schemata = std::vector<std::string>{"L3:1=7f0"};

  CHECK(apply_rdt(resctrl.fd(), planned(rdt), 42).ok());
  CHECK(resctrl.tree().read("tasks") == "42");
}

TEST_CASE("a failed step takes back what it made", "[init][fake][RDT-04][RDT-06][RDT-14]") {
  const FakeResctrl resctrl;
  // A plain directory has no tasks file: the step after mkdir fails.
  REQUIRE_FALSE(apply_rdt(resctrl.fd(), planned({}), 1).ok());
  CHECK_FALSE(sys::exists_at(resctrl.fd(), "web"));

  oci::IntelRdt monitored;
  monitored.clos_id = "gold";
  monitored.enable_monitoring = true;
  REQUIRE_FALSE(apply_rdt(resctrl.fd(), planned(monitored), 1).ok());
  CHECK_FALSE(sys::exists_at(resctrl.fd(), "gold/mon_groups/web"));
}

TEST_CASE("update writes all lines at once, and never those of the root class",
          "[init][fake][RDT-12]") {
  const FakeResctrl resctrl;
  CHECK(update_rdt(resctrl.fd(), "gold", {"L3:0=f", "MB:0=20"}).ok());
  // A plain file keeps what was behind.
  CHECK(resctrl.tree().read("gold/schemata").starts_with("L3:0=f\nMB:0=20\n"));
  const std::string root = resctrl.tree().read("schemata");
  CHECK(update_rdt(resctrl.fd(), "", {"L3:0=f"}).error().code == ErrorCode::unsupported);
  CHECK(resctrl.tree().read("schemata") == root);
  CHECK(update_rdt(resctrl.fd(), "silver", {"L3:0=f"}).error().errno_value == ENOENT);
  CHECK(update_rdt(resctrl.fd(), "", {}).ok());
}

TEST_CASE("threads are moved into a class", "[init][fake]") {
  const FakeResctrl resctrl;
  CHECK(move_rdt_tasks(resctrl.fd(), "gold", {17, 4711}).ok());
  CHECK(resctrl.tree().read("gold/tasks") == "4711");  // a plain file keeps the last write
  CHECK(move_rdt_tasks(resctrl.fd(), "silver", {1}).error().errno_value == ENOENT);
}

TEST_CASE("statistics are what the files say", "[init][fake]") {
  const FakeResctrl resctrl;
  const test::TempDir& tree = resctrl.tree();
  tree.write("info/L3/cbm_mask", "fffff\n");
  tree.write("info/L3/min_cbm_bits", "1\n");
  tree.write("info/L3/num_closids", "16\n");
  tree.write("info/MB/bandwidth_gran", "10\n");
  tree.write("info/MB/min_bandwidth", "10\n");
  tree.write("gold/schemata", "    L3:0=0f\n");
  tree.write("gold/mon_groups/web/mon_data/mon_L3_01/llc_occupancy", "Unavailable\n");
  tree.write("gold/mon_groups/web/mon_data/mon_L3_00/llc_occupancy", "98304\n");
  tree.write("gold/mon_groups/web/mon_data/mon_L3_00/mbm_total_bytes", "4096\n");

  const auto stats = read_rdt_stats(resctrl.fd(), "gold", "gold/mon_groups/web");

  REQUIRE(stats.ok());
  CHECK(stats->l3_info == RdtL3Info{"fffff", 1, 16});
  CHECK(stats->mem_bw_info == RdtMemBwInfo{10, 0, 10, 0});
  CHECK(stats->l3_schema_root == "L3:0=00ff;1=7f0");
  CHECK(stats->mem_bw_schema_root == "MB:0=100;1= 50");
  CHECK(stats->l3_schema == "L3:0=0f");
  CHECK(stats->mem_bw_schema.empty());
  REQUIRE(stats->monitoring.size() == 2);
  CHECK(stats->monitoring[0] == RdtMonitoring{98304, 4096, std::nullopt});
  CHECK(stats->monitoring[1] == RdtMonitoring{});
}

TEST_CASE("a CPU without a feature has no values for it", "[init][fake]") {
  const FakeResctrl resctrl;
  const auto stats = read_rdt_stats(resctrl.fd(), "", "");
  REQUIRE(stats.ok());
  CHECK(stats->l3_info == std::nullopt);
  CHECK(stats->mem_bw_info == std::nullopt);
  CHECK(stats->monitoring.empty());
  CHECK_FALSE(read_rdt_stats(resctrl.fd(), "silver", "").ok());
}

TEST_CASE("delete removes the groups, and twice is not an error", "[init][fake][RDT-04][RDT-14]") {
  const FakeResctrl resctrl;
  ::mkdir((resctrl.tree() / "own").c_str(), 0755);
  ::mkdir((resctrl.tree() / "gold/mon_groups/own").c_str(), 0755);
  const RdtResidue residue = {.clos = "own", .monitor_group = "gold/mon_groups/own"};

  CHECK(remove_rdt(resctrl.fd(), residue).ok());
  CHECK_FALSE(sys::exists_at(resctrl.fd(), "own"));
  CHECK_FALSE(sys::exists_at(resctrl.fd(), "gold/mon_groups/own"));
  CHECK(remove_rdt(resctrl.fd(), residue).ok());
}

TEST_CASE("schemata are compared by domain and value", "[init][RDT-07]") {
  const std::string present = "    L3:0=00ff;1=7f0\n    MB:0=100;1= 50\n";
  CHECK(schema_is_in_force("L3:0=ff", present));
  CHECK(schema_is_in_force("L3:1=7F0;0=0ff", present));
  CHECK(schema_is_in_force("MB:1=50", present));
  CHECK_FALSE(schema_is_in_force("L3:0=fe", present));
  CHECK_FALSE(schema_is_in_force("L3:2=ff", present));
  CHECK_FALSE(schema_is_in_force("L2:0=ff", present));
  CHECK_FALSE(schema_is_in_force("", present));
}

}  // namespace
}  // namespace myrt::init
