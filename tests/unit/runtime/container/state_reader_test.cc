// from_json() as a reader that may stop early. What it makes of each value is in
// container_state_test.cc.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "runtime/container/container_state.h"

namespace myrt::container {
namespace {

using Json = nlohmann::json;

ContainerState a_state() {
  ContainerState state;
  state.id = "web1";
  state.pid = 4711;
  state.start_time_ticks = 12;
  state.bundle = "/srv/bundle";
  state.rootfs = "/srv/bundle/rootfs";
  state.created = "2024-01-31T12:00:00.000000001Z";
  state.annotations = {{"org.example.a", "1"}, {"org.example.empty", ""}};
  state.cgroup = {.mode = cgroups::Mode::v2, .directories = {{"", "/sys/fs/cgroup/web1"}}};
  state.host_mounts = {"/srv/bundle/rootfs/proc"};
  state.rdt_class = {.clos = "gold", .monitor_group = "gold/mon_groups/web1"};
  state.hot_mounts = {{"/data}", 1}, {"/data/more", 2}};
  return state;
}

Error refused(const std::string& text, Extent extent = Extent::glance) {
  const auto state = from_json(text, extent);
  INFO(text);
  REQUIRE_FALSE(state.ok());
  return state.error();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("a member that is there twice is refused, not overridden", "[container]") {
  const std::string text = to_json(a_state());
  for (const char* member : {"\"id\":\"other\"", "\"pid\":1", "\"bundle\":\"/other\"",
                             "\"cgroup\":{\"mode\":\"v1\",\"directories\":[]}"}) {
    INFO(member);
    const Error error = refused(text.substr(0, text.size() - 1) + "," + member + "}", Extent::all);
    CHECK_THAT(error.message, Catch::EndsWith("is there twice"));
  }
}

TEST_CASE("a glance reads what list shows, and no further", "[container]") {
  const ContainerState state = a_state();
  const std::string text = to_json(state);
  const auto seen = from_json(text, Extent::glance);
  REQUIRE(seen.ok());
  CHECK(seen->id == state.id);
  CHECK(seen->pid == state.pid);
  CHECK(seen->start_time_ticks == state.start_time_ticks);
  CHECK(seen->created == state.created);
  CHECK(seen->bundle == state.bundle);
  CHECK(seen->rootfs == state.rootfs);
  CHECK(seen->annotations == state.annotations);
  CHECK(seen->cgroup == state.cgroup);
  CHECK(seen->host_mounts.empty());

  // In the order of another runtime's version, the same comes out.
  const auto sorted = from_json(Json::parse(text).dump(), Extent::glance);
  REQUIRE(sorted.ok());
  CHECK(sorted->bundle == state.bundle);
  CHECK(sorted->cgroup == state.cgroup);
}

TEST_CASE("a glance refuses a file that is cut short, damaged, or another version's",
          "[container]") {
  const std::string text = to_json(a_state());
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto seen = from_json(std::string_view(text).substr(0, size), Extent::glance);
    if (seen.ok()) FAIL("cut at " << size);
  }
  const std::string directory = "/sys/fs/cgroup/web1";
  CHECK(refused(replaced(text, "\"version\":1", "\"version\":2")).code == ErrorCode::unsupported);
  CHECK(refused(replaced(text, "4711", "-1")).code == ErrorCode::internal);
  CHECK(refused(replaced(text, directory, "relative")).code == ErrorCode::internal);
  CHECK_FALSE(from_json("{" + text + R"(,"version":1})", Extent::glance).ok());
}

}  // namespace myrt::container
