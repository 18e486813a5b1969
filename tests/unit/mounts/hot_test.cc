// What a running container can get mounted, and what it cannot.
#include "mounts/hot.h"

#include "tests/unit/mounts/plan_fixture.h"

namespace {

using namespace myrt;
using mounts::plan_hot_mounts;
using myrt::test::PlanFixture;

// The fixture's mounts are those to be added.
Result<mounts::Plan> hot(const PlanFixture& fixture) {
  oci::Spec spec = fixture.spec;
  spec.mounts.clear();
  return plan_hot_mounts(spec, fixture.spec.mounts, fixture.inputs);
}

}  // namespace

TEST_CASE("hot mounts are planned as at create, and nothing else with them", "[mounts][hot]") {
  PlanFixture fixture;
  fixture.spec.linux->masked_paths = {"/proc/kcore"};
  fixture.spec.process.emplace().terminal = true;
  fixture.add("/data", "bind", "src", {"ro"});
  fixture.add("/scratch", "tmpfs", "tmpfs", {"size=64k"});
  const mounts::Plan whole = fixture.planned();

  const auto plan = hot(fixture);

  REQUIRE(plan.ok());
  CHECK(plan->steps == whole.steps);
  CHECK(plan->devices.empty());
  CHECK(plan->masked_paths.empty());
  CHECK_FALSE(plan->root.attach);
  CHECK_FALSE(plan->terminal);
}

TEST_CASE("what is no mount of its own, or came with the container, is refused", "[mounts][hot]") {
  struct Case {
    const char* destination;
    const char* type;
    const char* source;
    std::vector<std::string> options;
    ErrorCode code;
  };
  const Case cases[] = {
      {"/x", "", "", {"remount", "ro"}, ErrorCode::unsupported},
      {"/x", "bind", "/s", {"copy-symlink"}, ErrorCode::unsupported},
      {"/x", "cgroup2", "cgroup", {}, ErrorCode::unsupported},
      {"/x", "proc", "proc", {}, ErrorCode::unsupported},
      {"/proc", "bind", "/proc", {"rbind"}, ErrorCode::unsupported},
      {"/x", "tmpfs", "tmpfs", {"iversion"}, ErrorCode::unsupported},
      {"/", "tmpfs", "tmpfs", {}, ErrorCode::invalid_config},
      {"/proc/self", "tmpfs", "tmpfs", {}, ErrorCode::invalid_config},
      {"/x", "bind", "", {}, ErrorCode::invalid_config},
  };
  for (const Case& one : cases) {
    INFO(one.destination << " " << one.type);
    PlanFixture fixture;
    fixture.add("/fine", "tmpfs", "tmpfs", {});
    fixture.add(one.destination, one.type, one.source, one.options);
    const auto plan = hot(fixture);
    REQUIRE_FALSE(plan.ok());
    CHECK(plan.error().code == one.code);
    CHECK(plan.error().pointer.starts_with("/mounts/1"));
  }
}
