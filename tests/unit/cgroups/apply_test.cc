#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "cgroups/apply_writes.h"
#include "cgroups/cgroup.h"
#include "cgroups/existing.h"
#include "cgroups/make_directory.h"
#include "cgroups/ownership.h"
#include "sys/files.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::cgroups {
namespace {

namespace fs = std::filesystem;

struct Fixture {
  test::TempDir dir;
  sys::UniqueFd fd = sys::open(dir.path(), O_RDONLY | O_DIRECTORY).value();
  std::vector<Target> targets(const std::vector<std::string>& controllers) const {
    return {{.controllers = controllers, .directory_fd = fd.get()}};
  }
};

Write write(const std::string& controller, const std::string& file, const std::string& value) {
  Write result;
  result.controller = controller;
  result.file = file;
  result.value = value;
  result.pointer = "/p";
  return result;
}

}  // namespace

TEST_CASE("writes go to the hierarchy of their controller", "[cgroups]") {
  const Fixture memory;
  const Fixture cpu;
  memory.dir.write("memory.max", "");
  cpu.dir.write("cpu.max", "");

  const Result<> applied =
      apply_writes({write("cpu", "cpu.max", "1"), write("memory", "memory.max", "2")}, Mode::v1,
                   {{.controllers = {"memory"}, .directory_fd = memory.fd.get()},
                    {.controllers = {"cpu", "cpuacct"}, .directory_fd = cpu.fd.get()}});

  REQUIRE(applied.ok());
  CHECK(cpu.dir.read("cpu.max") == "1");
  CHECK(memory.dir.read("memory.max") == "2");
}

TEST_CASE("a missing file is refused by name, without the words of ENOENT", "[cgroups][CUN-03]") {
  const Fixture fixture;

  const Result<> applied =
      apply_writes({write("memory", "memory.zswap.max", "1")}, Mode::v2, fixture.targets({}));

  REQUIRE_FALSE(applied.ok());
  CHECK(applied.error().code == ErrorCode::unsupported);
  CHECK(applied.error().pointer == "/p");
  CHECK_THAT(applied.error().message, Catch::Contains("`memory.zswap.max`"));
  CHECK_THAT(applied.error().message, !Catch::Contains("no such file"));
}

TEST_CASE("a controller without a hierarchy is refused unless the write may be left out",
          "[cgroups][CUN-04]") {
  const Fixture fixture;
  Write missing = write("hugetlb", "hugetlb.2MB.max", "1");

  const Result<> refused = apply_writes({missing}, Mode::v1, fixture.targets({"cpu"}));
  CHECK(refused.error().code == ErrorCode::unsupported);
  CHECK_THAT(refused.error().message, Catch::Contains("`hugetlb`"));
  CHECK_THAT(apply_writes({missing}, Mode::v1, {}).error().message,
             Catch::Contains("no cgroup of its own"));

  missing.on_missing = OnMissing::skip;
  CHECK(apply_writes({missing}, Mode::v1, fixture.targets({"cpu"})).ok());
}

TEST_CASE("the alternative is used only when the file is missing", "[cgroups][CBI-01]") {
  const Fixture fixture;
  Write weight = write("io", "io.bfq.weight", "default 500");
  weight.alternative = Alternative{.file = "io.weight", .value = "default 4950"};
  fixture.dir.write("io.weight", "");

  REQUIRE(apply_writes({weight}, Mode::v2, fixture.targets({})).ok());
  CHECK(fixture.dir.read("io.weight") == "default 4950");

  fixture.dir.write("io.bfq.weight", "");
  fixture.dir.write("io.weight", "");
  REQUIRE(apply_writes({weight}, Mode::v2, fixture.targets({})).ok());
  CHECK(fixture.dir.read("io.bfq.weight") == "default 500");
  CHECK(fixture.dir.read("io.weight").empty());
}

TEST_CASE("a new cpuset takes its parent's values, also through an empty parent",
          "[cgroups][CCP-05]") {
  const test::TempDir root;
  root.write("cpuset.cpus", "0-1\n");
  root.write("cpuset.mems", "0\n");
  for (const char* file :
       {"a/cpuset.cpus", "a/cpuset.mems", "a/b/cpuset.cpus", "a/b/cpuset.mems"}) {
    root.write(file, "");
  }

  REQUIRE(inherit_cpuset({.controllers = {"cpuset"}, .mount_point = root.path(), .path = "/a/b"},
                         LeafState::made)
              .ok());

  CHECK(root.read("a/cpuset.cpus") == "0-1");
  CHECK(root.read("a/b/cpuset.cpus") == "0-1");
  CHECK(root.read("a/b/cpuset.mems") == "0");
}

TEST_CASE("the parents of a cgroup are made, and known as such", "[cgroups][CGP-06]") {
  const test::TempDir root;
  fs::create_directory(root / "a");
  std::vector<MadeDirectory> made;

  const Result<LeafState> state =
      make_directory({.controllers = {}, .mount_point = root.path(), .path = "/a/b/c"}, made);

  REQUIRE(state.ok());
  CHECK(*state == LeafState::made);
  REQUIRE(made.size() == 2);
  CHECK(made[0].directory == root / "a/b");
  CHECK_FALSE(made[0].leaf);
  CHECK(made[1].directory == root / "a/b/c");
  CHECK(made[1].leaf);
}

TEST_CASE("an existing cgroup is taken only when it is empty and not frozen", "[cgroups][CGP-09]") {
  const test::TempDir leaf;
  leaf.write("cgroup.procs", "");
  leaf.write("cgroup.events", "populated 0\nfrozen 0\n");
  CHECK(check_reusable(leaf.path(), {}).ok());

  leaf.write("cgroup.events", "populated 0\nfrozen 1\n");
  CHECK(check_reusable(leaf.path(), {}).error().code == ErrorCode::wrong_status);

  leaf.write("sub/cgroup.procs", "12\n13\n");
  CHECK_THAT(check_reusable(leaf.path(), {}).error().message, Catch::Contains("2 process(es)"));

  const test::TempDir freezer;
  freezer.write("cgroup.procs", "");
  freezer.write("freezer.state", "FREEZING\n");
  CHECK_FALSE(check_reusable(freezer.path(), {"freezer"}).ok());
  freezer.write("freezer.state", "THAWED\n");
  CHECK(check_reusable(freezer.path(), {"freezer"}).ok());
}

TEST_CASE("controllers are enabled from the top down, only those that are missing",
          "[cgroups][CGP-06][CUN-02]") {
  const test::TempDir root;
  root.write("cgroup.controllers", "cpu memory pids\n");
  root.write("cgroup.subtree_control", "cpu\n");
  root.write("a/cgroup.controllers", "cpu memory\n");
  root.write("a/cgroup.subtree_control", "");
  root.write("a/b/cgroup.controllers", "");

  REQUIRE(enable_controllers({.controllers = {}, .mount_point = root.path(), .path = "/a/b"}).ok());

  // A plain file keeps the bytes behind the written ones.
  CHECK_THAT(root.read("cgroup.subtree_control"), Catch::StartsWith("+memory +pids"));
  CHECK_THAT(root.read("a/cgroup.subtree_control"), Catch::StartsWith("+cpu +memory"));
}

TEST_CASE("nothing is written where the leaf has every controller", "[cgroups][CGP-06]") {
  const test::TempDir root;
  root.write("cgroup.controllers", "cpu\n");
  root.write("cgroup.subtree_control", "untouched");
  root.write("a/cgroup.controllers", "cpu\n");

  REQUIRE(enable_controllers({.controllers = {}, .mount_point = root.path(), .path = "/a"}).ok());

  CHECK(root.read("cgroup.subtree_control") == "untouched");
}

TEST_CASE("a rootless runtime without rights runs without a cgroup, but not with a limit",
          "[cgroups]") {
  // sysfs lets nobody make a directory: EPERM, EACCES or, where it is read-only, EROFS.
  Plan plan;
  plan.mode = Mode::v2;
  plan.directories = {{.controllers = {}, .mount_point = "/sys/kernel", .path = "/myrt-none"}};
  CHECK_FALSE(Cgroup::create(plan).ok());

  plan.rootless = Rootless::yes;
  Result<Cgroup> none = Cgroup::create(plan);
  REQUIRE(none.ok());
  CHECK(none->location().directories.empty());
  CHECK(none->clone_fd() == -1);
  CHECK(none->apply_before_join().ok());
  CHECK(none->apply_after_join().ok());
  CHECK(none->apply_device_rules().ok());

  plan.after_join = {write("pids", "pids.max", "1")};
  const Result<> limited = Cgroup::create(plan).value().apply_after_join();
  REQUIRE_FALSE(limited.ok());
  CHECK(limited.error().pointer == "/p");
  CHECK_THAT(limited.error().message, Catch::Contains("no cgroup of its own"));
  CHECK_THAT(limited.error().message, Catch::Contains("mkdir `/sys/kernel/myrt-none`"));
  CHECK_THAT(limited.error().message, Catch::Contains("Delegate=yes"));
}

TEST_CASE("ownership goes with a writable cgroup mount in a new cgroup namespace only",
          "[cgroups][CGO-01][CGO-02][CGO-03][CGO-04]") {
  oci::Spec spec;
  spec.linux.emplace();
  spec.linux->namespaces = {{.type = oci::NamespaceType::cgroup, .path = ""}};
  oci::Mount mount;
  mount.destination = "/sys/fs/cgroup";
  mount.source = "cgroup";
  mount.options = {"nosuid", "relatime"};
  spec.mounts = {mount};
  CHECK(gives_ownership(spec, Mode::v2));
  CHECK_FALSE(gives_ownership(spec, Mode::v1));
  CHECK_FALSE(gives_ownership(spec, Mode::hybrid));

  spec.mounts[0].options.push_back("ro");
  CHECK_FALSE(gives_ownership(spec, Mode::v2));
  spec.mounts = {mount};
  spec.mounts[0].destination = "/other";
  CHECK_FALSE(gives_ownership(spec, Mode::v2));
  spec.mounts = {mount};
  spec.linux->namespaces[0].path = "/proc/1/ns/cgroup";
  CHECK_FALSE(gives_ownership(spec, Mode::v2));
}

TEST_CASE("the delegated files are the kernel's list or the fallback",
          "[cgroups][CGO-05][CGO-07]") {
  const std::string text = "cgroup.procs\nmemory.oom.group\n../evil\n..\n";
  CHECK(delegated_files(&text) == std::vector<std::string>{"cgroup.procs", "memory.oom.group"});
  CHECK(delegated_files(nullptr) ==
        std::vector<std::string>{"cgroup.procs", "cgroup.subtree_control", "cgroup.threads"});
}

TEST_CASE("a delegated file that is missing is passed over", "[cgroups][CGO-06]") {
  const Fixture fixture;
  fixture.dir.write("cgroup.procs", "");

  CHECK(give_ownership(fixture.fd.get(), ::geteuid(), {"cgroup.procs", "no.such"}).ok());
}

}  // namespace myrt::cgroups
