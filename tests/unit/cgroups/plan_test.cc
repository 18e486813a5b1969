#include "cgroups/plan.h"

#include "tests/support/catch.h"

namespace myrt::cgroups {
namespace {

Host v1_host() {
  return {.mode = Mode::v1,
          .hierarchies = {
              {.controllers = {"cpu", "cpuacct"}, .mount_point = "/cg/cpu", .own_path = "/user"},
              {.controllers = {"devices"}, .mount_point = "/cg/devices", .own_path = "/"}}};
}
Host v2_host(const std::string& own_path = "/") {
  return {.mode = Mode::v2,
          .hierarchies = {{.controllers = {}, .mount_point = "/cg", .own_path = own_path}}};
}

oci::Spec spec_at(const std::string& cgroups_path) {
  oci::Spec spec;
  spec.linux.emplace();
  spec.linux->cgroups_path = cgroups_path;
  return spec;
}

Inputs inputs() {
  return {
      .container_id = "web1", .rootless = Rootless::no, .user_namespace = UserNamespace::initial};
}

std::vector<std::string> places(const Result<Plan>& plan) {
  REQUIRE(plan.ok());
  std::vector<std::string> result;
  for (const Directory& directory : plan->directories) {
    result.push_back(directory.mount_point + directory.path);
  }
  return result;
}

}  // namespace

TEST_CASE("an absolute cgroupsPath is below each mount point", "[cgroups][CGP-01][CGP-03]") {
  CHECK(places(plan(spec_at("/a//b/./c/"), v1_host(), inputs())) ==
        std::vector<std::string>{"/cg/cpu/a/b/c", "/cg/devices/a/b/c"});
  CHECK(places(plan(spec_at("/a/b"), v2_host("/x/y"), inputs())) ==
        std::vector<std::string>{"/cg/a/b"});
}

TEST_CASE("a relative cgroupsPath is below the runtime's own cgroup, on v2 below its parent",
          "[cgroups][CGP-02]") {
  CHECK(places(plan(spec_at("a"), v1_host(), inputs())) ==
        std::vector<std::string>{"/cg/cpu/user/a", "/cg/devices/a"});
  CHECK(places(plan(spec_at("a"), v2_host("/user.slice/s.scope"), inputs())) ==
        std::vector<std::string>{"/cg/user.slice/a"});
  CHECK(places(plan(spec_at("a"), v2_host("/"), inputs())) == std::vector<std::string>{"/cg/a"});
}

TEST_CASE("without a cgroupsPath the id is the place", "[cgroups][CGP-04]") {
  CHECK(places(plan(spec_at(""), v2_host(), inputs())) == std::vector<std::string>{"/cg/web1"});
}

TEST_CASE("a cgroupsPath that could lead elsewhere is refused", "[cgroups][CGP-05]") {
  for (const char* path : {"/..", "../a", "/a/../../b", "/", "//", "/./", "/a\nb"}) {
    const Result<Plan> result = plan(spec_at(path), v2_host(), inputs());
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::invalid_config);
    CHECK(result.error().pointer == "/linux/cgroupsPath");
  }
}

TEST_CASE("without resources no limit is changed", "[cgroups][CGP-07]") {
  const Result<Plan> result = plan(spec_at("/a"), v2_host(), inputs());

  REQUIRE(result.ok());
  CHECK(result->before_join.empty());
  CHECK(result->after_join.empty());
  CHECK(result->required_controllers.empty());
  CHECK(result->device_rules == default_device_rules());
}

TEST_CASE("the default devices come after the config's rules", "[cgroups][CDV-01][CDV-02]") {
  oci::Spec spec = spec_at("/a");
  spec.linux->resources.emplace();
  spec.linux->resources->devices = {
      {.allow = true, .type = 'c', .major = 29, .minor = 0, .access = "r"}};

  const Result<Plan> v2 = plan(spec, v2_host(), inputs());
  const Result<Plan> v1 = plan(spec, v1_host(), inputs());

  REQUIRE(v2.ok());
  CHECK(v2->device_rules.size() == default_device_rules().size() + 1);
  CHECK(v2->device_rules.front().major == std::int64_t{29});
  REQUIRE(v1.ok());
  CHECK(v1->device_rules.empty());
  CHECK(v1->device_writes.front().file == "devices.deny");
  CHECK(v1->device_writes[1].value == "c 29:0 r");
}

TEST_CASE("a device filter is tolerated to fail only where the kernel forbids it",
          "[cgroups][CDV-05]") {
  Inputs nested = inputs();
  nested.user_namespace = UserNamespace::nested;

  CHECK(plan(spec_at("/a"), v2_host(), inputs())->device_filter_denied == OnDenied::error);
  CHECK(plan(spec_at("/a"), v2_host(), nested)->device_filter_denied == OnDenied::skip);
}

TEST_CASE("cpuset goes before the join and the pids limit after it", "[cgroups][CCP-05]") {
  oci::Spec spec = spec_at("/a");
  spec.linux->resources.emplace();
  spec.linux->resources->cpu.emplace();
  spec.linux->resources->cpu->cpus = "0-1";
  spec.linux->resources->pids_limit = 0;

  const Result<Plan> result = plan(spec, v2_host(), inputs());

  REQUIRE(result.ok());
  REQUIRE(result->before_join.size() == 1);
  CHECK(result->before_join[0].file == "cpuset.cpus");
  REQUIRE(result->after_join.size() == 1);
  CHECK(result->after_join[0].file == "pids.max");
  CHECK(result->required_controllers == std::vector<std::string>{"cpuset", "pids"});
}

TEST_CASE("a plan prints what will be done", "[cgroups]") {
  oci::Spec spec = spec_at("/a");
  spec.linux->resources.emplace();
  spec.linux->resources->memory.emplace();
  spec.linux->resources->memory->limit = 4096;
  spec.linux->resources->memory->kernel = 1;

  const std::string text = to_string(*plan(spec, v2_host(), inputs()));

  CHECK_THAT(text, Catch::StartsWith("mode: v2\ncgroup unified: /cg/a\n"
                                     "needs controller: memory\n"
                                     "after join: memory.max = 4096\n"
                                     "device: allow c *:* m\n"));
  CHECK_THAT(text, Catch::EndsWith("warning: /linux/resources/memory/kernel: kernel memory limits "
                                   "have no effect\n"));
}

}  // namespace myrt::cgroups
