// Golden tests: tests/golden/CASE/config.json, planned on several hosts, and the text of each plan.
//
// A difference is a change of what a container gets. When it is meant: MYRT_GOLDEN_UPDATE=1
// unit_plan, and read the diff.
#include "runtime/plan/container_plan.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "oci-spec/documents.h"
#include "oci-spec/parse.h"
#include "tests/support/catch.h"

namespace myrt::plan {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(MYRT_SOURCE_DIR) / "tests/golden";

bool is_updating() {
  const char* value = std::getenv("MYRT_GOLDEN_UPDATE");
  return value != nullptr && std::string_view(value) == "1";
}

std::string read(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Compares with the golden file, or writes it.
void check_golden(const std::filesystem::path& file, const std::string& text) {
  if (is_updating() && read(file) != text) {
    std::ofstream(file, std::ios::binary) << text;
    WARN(file.string() << " was rewritten");
  }
  INFO(file.string());
  CHECK(read(file) == text);
}

// --- hosts: as discover() describes them, without asking this one.

cgroups::Host v2_host() {
  return {.mode = cgroups::Mode::v2,
          .hierarchies = {{.controllers = {},
                           .mount_point = "/sys/fs/cgroup",
                           .own_path = "/system.slice/engine.service"}}};
}

std::vector<cgroups::Hierarchy> v1_hierarchies() {
  std::vector<cgroups::Hierarchy> hierarchies = {
      {.controllers = {"cpu", "cpuacct"}, .mount_point = "/sys/fs/cgroup/cpu,cpuacct"},
      {.controllers = {"net_cls", "net_prio"}, .mount_point = "/sys/fs/cgroup/net_cls,net_prio"}};
  for (const char* name : {"blkio", "cpuset", "devices", "freezer", "hugetlb", "memory",
                           "perf_event", "pids", "rdma"}) {
    hierarchies.push_back(
        {.controllers = {name}, .mount_point = std::string("/sys/fs/cgroup/") + name});
  }
  hierarchies.push_back({.controllers = {"name=systemd"}, .mount_point = "/sys/fs/cgroup/systemd"});
  for (cgroups::Hierarchy& hierarchy : hierarchies) hierarchy.own_path = "/engine";
  return hierarchies;
}

cgroups::Host v1_host() { return {.mode = cgroups::Mode::v1, .hierarchies = v1_hierarchies()}; }

cgroups::Host hybrid_host() {
  cgroups::Host host = {.mode = cgroups::Mode::hybrid, .hierarchies = v1_hierarchies()};
  host.hierarchies.push_back(
      {.controllers = {}, .mount_point = "/sys/fs/cgroup/unified", .own_path = "/engine"});
  return host;
}

Inputs inputs() {
  Inputs facts;
  facts.id = "web1";
  facts.bundle = "/bundles/web1";
  facts.cgroup_host = v2_host();
  return facts;
}

// What the name of a golden file says about the host and the command line.
Inputs inputs_for(const std::string& variant) {
  Inputs facts = inputs();
  if (variant == "plan-v1.txt") facts.cgroup_host = v1_host();
  if (variant == "plan-hybrid.txt") facts.cgroup_host = hybrid_host();
  if (variant == "plan-no-cgroup.txt") facts.cgroup_host.reset();
  if (variant == "plan-no-pivot.txt") facts.root_switch = mounts::RootSwitch::move;
  if (variant == "plan-rootless.txt") facts.privileged = false;
  if (variant == "plan-in-user-namespace.txt") {
    facts.user_namespace = mounts::UserNamespace::own;
  }
  return facts;
}

struct Case {
  std::string name;
  std::vector<std::string> plans;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"minimal",
       {"plan.txt", "plan-v1.txt", "plan-no-cgroup.txt", "plan-no-pivot.txt",
        "plan-in-user-namespace.txt"}},
      {"default", {"plan.txt", "plan-v1.txt", "plan-hybrid.txt"}},
      {"docker", {"plan.txt", "plan-v1.txt", "plan-hybrid.txt", "plan-in-user-namespace.txt"}},
      {"podman-rootless", {"plan.txt", "plan-rootless.txt", "plan-in-user-namespace.txt"}},
      {"pod-member", {"plan.txt"}},
      {"no-mount-namespace", {"plan.txt", "plan-no-cgroup.txt"}},
      {"every-limit", {"plan.txt", "plan-v1.txt", "plan-hybrid.txt"}},
      {"v1-limits", {"plan-v1.txt", "plan-hybrid.txt"}},
  };
  return kCases;
}

oci::Spec spec_of(const std::string& name) {
  const std::string json = read(kGolden / name / "config.json");
  REQUIRE_FALSE(json.empty());
  const auto parsed = oci::parse_spec(json);
  INFO(name << ": " << (parsed.problems.empty() ? "" : oci::to_error(parsed.problems).message));
  REQUIRE(parsed.problems.empty());
  return parsed.value;
}

ContainerPlan planned(const oci::Spec& spec, const Inputs& facts) {
  const auto plan = plan_container(spec, facts);
  INFO((plan.ok() ? std::string() : plan.error().message));
  REQUIRE(plan.ok());
  return *plan;
}

}  // namespace

TEST_CASE("the golden configs are planned as written down", "[plan][golden]") {
  for (const Case& golden : cases()) {
    const oci::Spec spec = spec_of(golden.name);
    for (const std::string& file : golden.plans) {
      check_golden(kGolden / golden.name / file, to_string(planned(spec, inputs_for(file))));
    }
  }
}

TEST_CASE("every golden file is one that is compared", "[plan][golden]") {
  std::vector<std::string> known;
  for (const Case& golden : cases()) {
    known.push_back(golden.name + "/config.json");
    for (const std::string& file : golden.plans) known.push_back(golden.name + "/" + file);
  }
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kGolden)) {
    if (entry.is_regular_file()) {
      found.push_back(std::filesystem::relative(entry.path(), kGolden).string());
    }
  }
  std::sort(known.begin(), known.end());
  std::sort(found.begin(), found.end());
  CHECK(found == known);
}

TEST_CASE("the default case is the config of `myrt spec`", "[plan][golden]") {
  check_golden(kGolden / "default/config.json", oci::default_spec_json({}));
}

TEST_CASE("planning is pure: the same facts give an equal plan", "[plan]") {
  for (const Case& golden : cases()) {
    const oci::Spec spec = spec_of(golden.name);
    for (const std::string& file : golden.plans) {
      CHECK(planned(spec, inputs_for(file)) == planned(spec, inputs_for(file)));
    }
  }
}

TEST_CASE("a rootfs is relative to the bundle unless it is absolute", "[plan][BUN-03][ROO-01]") {
  oci::Spec spec = spec_of("minimal");
  CHECK(planned(spec, inputs()).rootfs == "/srv/rootfs");
  spec.root->path = "a/b";
  CHECK(planned(spec, inputs()).rootfs == "/bundles/web1/a/b");
}

TEST_CASE("without a cgroup limits are refused, and device rules are not", "[plan][CFG-05]") {
  Inputs facts = inputs();
  facts.cgroup_host.reset();
  oci::Spec spec = spec_of("minimal");
  spec.linux->resources.emplace().devices.push_back({});
  const ContainerPlan plan = planned(spec, facts);
  CHECK_FALSE(plan.cgroup.has_value());

  spec.linux->resources->pids_limit = 0;
  const auto refused = plan_container(spec, facts);

  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::invalid_config);
  CHECK(refused.error().pointer == "/linux/resources");
}

TEST_CASE("without a cgroup a mount shows the caller's", "[plan][contract-23]") {
  Inputs facts = inputs();
  facts.cgroup_host.reset();
  facts.caller_cgroups = hybrid_host();
  oci::Spec spec = spec_of("minimal");
  spec.mounts.push_back({.destination = "/sys/fs/cgroup",
                         .type = "cgroup",
                         .source = "cgroup",
                         .options = {},
                         .uid_mappings = {},
                         .gid_mappings = {}});

  const ContainerPlan plan = planned(spec, facts);

  CHECK_FALSE(plan.cgroup.has_value());
  CHECK_THAT(to_string(plan), Catch::Contains("bind /sys/fs/cgroup/unified/engine -> "
                                              "/sys/fs/cgroup/unified"));
  CHECK_THAT(to_string(plan), Catch::Contains("bind /sys/fs/cgroup/cpu,cpuacct/engine -> "
                                              "/sys/fs/cgroup/cpu,cpuacct"));
}

TEST_CASE("the errors of every module come out, with their pointers", "[plan][OPS-07]") {
  const auto pointer_of = [](const oci::Spec& spec) {
    const auto plan = plan_container(spec, inputs());
    REQUIRE_FALSE(plan.ok());
    return plan.error().pointer;
  };

  SECTION("namespaces") {
    oci::Spec spec = spec_of("minimal");
    spec.hostname = "host";
    CHECK(pointer_of(spec) == "/hostname");
  }
  SECTION("cgroups") {
    oci::Spec spec = spec_of("minimal");
    spec.linux->cgroups_path = "/../escape";
    CHECK(pointer_of(spec) == "/linux/cgroupsPath");
  }
  SECTION("mounts") {
    oci::Spec spec = spec_of("minimal");
    spec.mounts.push_back({.destination = "/x",
                           .type = "tmpfs",
                           .source = "tmpfs",
                           .options = {"ro"},
                           .uid_mappings = {},
                           .gid_mappings = {}});
    spec.mounts[0].uid_mappings = {{0, 0, 1}};
    CHECK_THAT(pointer_of(spec), Catch::StartsWith("/mounts/0"));
  }
}

TEST_CASE("the place of the cgroup is known before it is made", "[plan][CGP-03]") {
  using Directories = std::vector<std::pair<std::string, std::string>>;
  oci::Spec spec = spec_of("minimal");
  spec.linux->cgroups_path = "/a/b";
  Inputs facts = inputs();

  const cgroups::Location v2 = planned_location(planned(spec, facts).cgroup);
  CHECK(v2.mode == cgroups::Mode::v2);
  CHECK(v2.directories == Directories{{"", "/sys/fs/cgroup/a/b"}});

  facts.cgroup_host = hybrid_host();
  const cgroups::Location hybrid = planned_location(planned(spec, facts).cgroup);
  CHECK(hybrid.mode == cgroups::Mode::hybrid);
  REQUIRE(hybrid.directories.size() == 13);
  CHECK(hybrid.directories.front() ==
        std::pair<std::string, std::string>("cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/a/b"));
  CHECK(hybrid.directories.back() ==
        std::pair<std::string, std::string>("", "/sys/fs/cgroup/unified/a/b"));

  CHECK(planned_location(std::nullopt).directories.empty());
}

TEST_CASE("warnings of the modules are the container's", "[plan][LIF-03]") {
  oci::Spec spec = spec_of("minimal");
  spec.linux->resources.emplace().memory.emplace().kernel = 1;

  const ContainerPlan plan = planned(spec, inputs());

  CHECK(plan.warnings == plan.cgroup->warnings);
  CHECK(plan.warnings.size() == 1);
}

}  // namespace myrt::plan
