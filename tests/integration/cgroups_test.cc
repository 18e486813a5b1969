// A container's cgroup in the real kernel: made, joined, frozen, killed, removed.
#include <sys/stat.h>

#include "tests/integration/cgroups_fixture.h"

namespace myrt::cgroups {

TEST_CASE("a cgroup is made in every hierarchy and removed when it is not kept",
          "[root][cgroups][CGP-06]") {
  if (!is_root()) return;
  const Cleanup cleanup;
  Location location;
  {
    const Cgroup cgroup = must(Cgroup::create(plan_for({}, "/made/deep")));
    location = cgroup.location();
    REQUIRE(location.directories.size() == host().hierarchies.size());
    for (const auto& entry : location.directories) CHECK(exists(entry.second));
  }
  for (const Hierarchy& hierarchy : host().hierarchies) {
    CHECK_FALSE(exists(hierarchy.mount_point + unique_path()));
  }
}

TEST_CASE("init joins every hierarchy by itself, is listed, killed and removed",
          "[root][cgroups]") {
  if (!is_root()) return;
  const Cleanup cleanup;
  Cgroup cgroup = must(Cgroup::create(plan_for({})));
  must(cgroup.apply_before_join());
  Member member(cgroup, [] { return 0; });
  must(cgroup.apply_after_join());
  const Location location = cgroup.location();

  const std::string memberships =
      must(sys::read_file("/proc/" + std::to_string(member.pid()) + "/cgroup"));
  for (const Hierarchy& hierarchy : host().hierarchies) {
    const std::string expected = hierarchy.controllers.empty()
                                     ? "0::" + unique_path()
                                     : ":" + hierarchy.controllers.back() + ":" + unique_path();
    CHECK_THAT(memberships, Catch::Contains(expected));
  }
  CHECK(must(processes(location)) == std::vector<pid_t>{member.pid()});
  const Result<Cgroup> second = Cgroup::create(plan_for({}));
  REQUIRE_FALSE(second.ok());
  CHECK_THAT(second.error().message, Catch::Contains("container's cgroup is not empty: 1 process"));

  const Result<> in_use = remove(location, std::chrono::milliseconds(20));
  REQUIRE_FALSE(in_use.ok());
  CHECK(in_use.error().code == ErrorCode::timeout);
  CHECK_THAT(in_use.error().message, Catch::Contains(std::to_string(member.pid())));

  must(kill_all(location, SIGKILL));
  const sys::ExitStatus status = member.wait();
  CHECK(status.signaled);
  CHECK(status.code == SIGKILL);
  must(remove(location));
  for (const auto& entry : location.directories) CHECK_FALSE(exists(entry.second));
  must(remove(location));
  CHECK(must(processes(location)).empty());
}

TEST_CASE("a process is added by pid", "[root][cgroups]") {
  if (!is_root()) return;
  const Cleanup cleanup;
  Cgroup elsewhere;
  Cgroup cgroup = must(Cgroup::create(plan_for({})));
  Member member(elsewhere, [] { return 0; });

  must(cgroup.add_process(member.pid(), Placed::nowhere));

  CHECK(must(processes(cgroup.location())) == std::vector<pid_t>{member.pid()});
  member.go();
  CHECK(member.wait().code == 0);
}

TEST_CASE("a container is frozen and thawed, and a frozen cgroup is not reused",
          "[root][cgroups][CGP-09]") {
  if (!is_root()) return;
  const Cleanup cleanup;
  Cgroup cgroup = must(Cgroup::create(plan_for({})));
  const Location location = cgroup.location();
  {
    Member member(cgroup, [] { return 7; });
    CHECK_FALSE(must(is_frozen(location)));
    must(freeze(location));
    CHECK(must(is_frozen(location)));
    member.go();
    must(thaw(location));
    CHECK_FALSE(must(is_frozen(location)));
    CHECK(member.wait().code == 7);
  }
  must(freeze(location));
  const Result<Cgroup> reused = Cgroup::create(plan_for({}));
  REQUIRE_FALSE(reused.ok());
  CHECK_THAT(reused.error().message, Catch::Contains("unexpectedly frozen"));
  must(thaw(location));
}

TEST_CASE("a frozen container is killed", "[root][cgroups]") {
  if (!is_root()) return;
  const Cleanup cleanup;
  Cgroup cgroup = must(Cgroup::create(plan_for({})));
  Member member(cgroup, [] { return 0; });
  must(freeze(cgroup.location()));

  must(kill_all(cgroup.location(), SIGKILL));

  CHECK(member.wait().code == SIGKILL);
}

TEST_CASE("another signal reaches every process, sub-cgroups included", "[root][cgroups]") {
  if (!is_root()) return;
  const Cleanup cleanup;
  Cgroup cgroup = must(Cgroup::create(plan_for({})));
  const Location location = cgroup.location();
  for (const auto& entry : location.directories) {
    REQUIRE(::mkdir((entry.second + "/sub").c_str(), 0755) == 0);
    // an empty v1 cpuset takes nobody
    if (!has_controller(entry.first, "cpuset")) continue;
    for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
      const std::string value = must(sys::read_file(entry.second + file));
      must(sys::write_kernel_file_at(AT_FDCWD, entry.second + "/sub" + file, value));
    }
  }
  Member first(cgroup, [] { return 0; });
  Member second(cgroup, [] { return 0; });
  must(add_process(location, second.pid(), Placed::nowhere, {{.controllers = {}, .path = "/sub"}}));

  std::vector<pid_t> expected = {first.pid(), second.pid()};
  std::sort(expected.begin(), expected.end());
  CHECK(must(processes(location)) == expected);
  must(kill_all(location, SIGUSR1));
  CHECK(first.wait().code == SIGUSR1);
  CHECK(second.wait().code == SIGUSR1);
}

TEST_CASE("a sub-cgroup path cannot leave the container's cgroup", "[root][cgroups]") {
  if (!is_root()) return;
  const Cleanup cleanup;
  Cgroup cgroup = must(Cgroup::create(plan_for({}, "/box")));
  Cgroup sibling = must(Cgroup::create(plan_for({}, "/box-evil")));
  const Location location = cgroup.location();
  const auto opened = [&](const std::string& path) -> Result<> {
    if (host().mode == Mode::v1) {
      return open_self_join(location, {{.controllers = {}, .path = path}}).ok()
                 ? Result<>()
                 : Result<>(open_self_join(location, {{.controllers = {}, .path = path}}).error());
    }
    auto fd = clone_fd(location, {{.controllers = {}, .path = path}});
    return fd.ok() ? Result<>() : Result<>(fd.error());
  };

  CHECK(opened("").ok());
  CHECK(opened("/").ok());
  for (const char* path : {"..", "../box-evil", "/../box-evil", "a/../../box-evil"}) {
    CHECK_FALSE(opened(path).ok());
  }
  CHECK(opened("..").error().code == ErrorCode::invalid_argument);
  CHECK(opened("missing").error().code == ErrorCode::not_found);
  CHECK_FALSE(open_self_join(location, {{.controllers = {"whaaat"}, .path = "/"}}).ok());
}

}  // namespace myrt::cgroups
