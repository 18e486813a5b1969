#include "cgroups/hierarchy.h"

#include <linux/magic.h>

#include <map>
#include <set>

#include "tests/support/catch.h"

namespace myrt::cgroups {
namespace {

struct FakeHost {
  std::string own_cgroups;
  std::map<std::string, std::int64_t> filesystems = {};
  std::set<std::string> directories = {};
  std::string mountinfo = {};
  int mountinfo_reads = 0;

  HostSources sources() {
    return {.process_cgroups = [this] { return Result<std::string>(own_cgroups); },
            .mountinfo =
                [this] {
                  ++mountinfo_reads;
                  return Result<std::string>(mountinfo);
                },
            .filesystem_type =
                [this](const std::string& path) {
                  const auto found = filesystems.find(path);
                  return found == filesystems.end() ? std::int64_t{0} : found->second;
                },
            .is_directory = [this](const std::string& path) { return directories.contains(path); }};
  }
};

FakeHost v1_host() {
  return {.own_cgroups = "3:name=systemd:/\n2:cpu,cpuacct:/user\n1:memory:/\n0::/\n",
          .filesystems = {{"/sys/fs/cgroup", TMPFS_MAGIC},
                          {"/sys/fs/cgroup/systemd", CGROUP_SUPER_MAGIC},
                          {"/sys/fs/cgroup/cpu,cpuacct", CGROUP_SUPER_MAGIC},
                          {"/sys/fs/cgroup/memory", CGROUP_SUPER_MAGIC}},
          .directories = {"/sys/fs/cgroup/cpu,cpuacct/user"}};
}

}  // namespace

TEST_CASE("a cgroup v2 host is one hierarchy", "[cgroups][CGP-15]") {
  FakeHost fake{.own_cgroups = "0::/init.scope\n",
                .filesystems = {{"/sys/fs/cgroup", CGROUP2_SUPER_MAGIC}},
                .directories = {"/sys/fs/cgroup/init.scope"}};

  const Result<Host> host = discover(fake.sources());

  REQUIRE(host.ok());
  CHECK(*host ==
        Host{.mode = Mode::v2,
             .hierarchies = {
                 {.controllers = {}, .mount_point = "/sys/fs/cgroup", .own_path = "/init.scope"}}});
  CHECK(fake.mountinfo_reads == 0);
}

TEST_CASE("v1 hierarchies are found at their customary places without mountinfo",
          "[cgroups][CGP-15]") {
  FakeHost fake = v1_host();

  const Result<Host> host = discover(fake.sources());

  REQUIRE(host.ok());
  CHECK(host->mode == Mode::v1);
  REQUIRE(host->hierarchies.size() == 3);
  CHECK(host->hierarchies[0].mount_point == "/sys/fs/cgroup/systemd");
  CHECK(host->hierarchies[1] == Hierarchy{.controllers = {"cpu", "cpuacct"},
                                          .mount_point = "/sys/fs/cgroup/cpu,cpuacct",
                                          .own_path = "/user"});
  CHECK(fake.mountinfo_reads == 0);
}

TEST_CASE("a hybrid host has the unified hierarchy last", "[cgroups][CGP-15]") {
  FakeHost fake = v1_host();
  fake.filesystems["/sys/fs/cgroup/unified"] = CGROUP2_SUPER_MAGIC;

  const Result<Host> host = discover(fake.sources());

  REQUIRE(host.ok());
  CHECK(host->mode == Mode::hybrid);
  CHECK(host->hierarchies.back() ==
        Hierarchy{.controllers = {}, .mount_point = "/sys/fs/cgroup/unified", .own_path = "/"});
  CHECK(fake.mountinfo_reads == 0);
}

TEST_CASE("a hierarchy that is elsewhere is found in mountinfo", "[cgroups][CGP-15]") {
  FakeHost fake = v1_host();
  fake.filesystems.erase("/sys/fs/cgroup/memory");
  fake.mountinfo =
      "31 23 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
      "32 23 0:30 / /cg/mem\\040ory rw - cgroup cgroup rw,memory\n";

  const Result<Host> host = discover(fake.sources());

  REQUIRE(host.ok());
  CHECK(host->hierarchies[2].mount_point == "/cg/mem ory");
  CHECK(host->hierarchies[1].mount_point == "/sys/fs/cgroup/cpu,cpuacct");
  CHECK(fake.mountinfo_reads == 1);
}

TEST_CASE("inside a container the own path starts at the mount's root", "[cgroups][CGP-02]") {
  FakeHost fake = v1_host();
  fake.own_cgroups = "1:memory:/docker/abc/inner\n";
  fake.mountinfo = "32 23 0:30 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

  const Result<Host> host = discover(fake.sources());

  REQUIRE(host.ok());
  CHECK(host->hierarchies == std::vector<Hierarchy>{{.controllers = {"memory"},
                                                     .mount_point = "/sys/fs/cgroup/memory",
                                                     .own_path = "/inner"}});
}

TEST_CASE("a controller that is mounted nowhere is left out", "[cgroups]") {
  FakeHost fake = v1_host();
  fake.filesystems.erase("/sys/fs/cgroup/memory");

  const Result<Host> host = discover(fake.sources());

  REQUIRE(host.ok());
  CHECK(host->hierarchies.size() == 2);
}

TEST_CASE("a host without any cgroup mount is refused", "[cgroups]") {
  FakeHost fake{.own_cgroups = "1:memory:/\n0::/\n"};

  CHECK(discover(fake.sources()).error().code == ErrorCode::unsupported);
}

}  // namespace myrt::cgroups
