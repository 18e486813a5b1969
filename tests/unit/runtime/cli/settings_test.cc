#include "runtime/cli/settings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/runtime/cli/command_line_of.h"

using namespace myrt;
using namespace myrt::cli;
using myrt::test::ParsedWords;

namespace {

UserNamespace initial() { return UserNamespace::initial; }
UserNamespace other() { return UserNamespace::other; }

std::string root_of(std::initializer_list<const char*> globals, const Environment& environment,
                    UserNamespace (*user_namespace)() = initial) {
  return state_root(ParsedWords(globals).line.globals, Personality(), environment, user_namespace)
      ->path;
}

}  // namespace

TEST_CASE("the default root of real root does not depend on XDG_RUNTIME_DIR",
          "[cli][contract-0.20]") {
  CHECK(root_of({}, {}) == "/run/myrt");
  CHECK(root_of({}, {.xdg_runtime_dir = "/run/user/1000"}) == "/run/myrt");
}

TEST_CASE("a rootless caller's default root is below XDG_RUNTIME_DIR", "[cli][contract-3]") {
  CHECK(root_of({}, {.xdg_runtime_dir = "/run/user/1", .euid = 1}) == "/run/user/1/myrt");
  CHECK(root_of({}, {.euid = 1}) == "/run/myrt");
  CHECK(root_of({}, {.xdg_runtime_dir = "/x"}, other) == "/x/myrt");
  CHECK(root_of({}, {.xdg_runtime_dir = "/x", .user = "root"}, other) == "/run/myrt");
}

TEST_CASE("--rootless decides over the default root", "[cli]") {
  CHECK(root_of({"--rootless=true"}, {.xdg_runtime_dir = "/x"}) == "/x/myrt");
  CHECK(root_of({"--rootless", "false"}, {.xdg_runtime_dir = "/x", .euid = 1}) == "/run/myrt");
  CHECK(root_of({"--rootless=auto"}, {.xdg_runtime_dir = "/x", .euid = 1}) == "/x/myrt");
  const ParsedWords wrong({"--rootless=maybe"});
  CHECK(state_root(wrong.line.globals, {}, {}).error().message ==
        "invalid value `maybe` for --rootless: expected true, false or auto");
}

TEST_CASE("--root is made absolute, and the root directory itself is refused", "[cli]") {
  std::array<char, PATH_MAX> here;
  REQUIRE(::getcwd(here.data(), here.size()) != nullptr);
  CHECK(root_of({"--root", "/r/./a"}, {}) == "/r/a");
  CHECK(root_of({"--root", "r"}, {}) == std::string(here.data()) + "/r");
  for (const char* bad : {"--root=/", "--root=//", "--root=/a/..", "--root="}) {
    INFO(bad);
    const ParsedWords words({bad});
    CHECK(state_root(words.line.globals, {}, {}).error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("the last choice of a cgroup manager counts", "[cli][contract-1.4]") {
  const auto manager = [](std::initializer_list<const char*> words) {
    return cgroup_manager(ParsedWords(words).line.globals);
  };
  CHECK(*manager({}) == CgroupManager::cgroupfs);
  CHECK(*manager({"--systemd-cgroup"}) == CgroupManager::systemd);
  CHECK(*manager({"--systemd-cgroup=false"}) == CgroupManager::cgroupfs);
  CHECK(*manager({"--systemd-cgroup", "--cgroup-manager", "disabled"}) == CgroupManager::disabled);
  CHECK(*manager({"--cgroup-manager=cgroupfs", "--systemd-cgroup"}) == CgroupManager::systemd);
  CHECK_FALSE(manager({"--cgroup-manager=systemctl"}).ok());
}

TEST_CASE("root asks the system's systemd, and others their own", "[cli][contract-3]") {
  const auto initial = [] { return UserNamespace::initial; };
  const auto other = [] { return UserNamespace::other; };
  const Systemd system = systemd({.xdg_runtime_dir = "/run/user/0", .euid = 0}, initial);
  CHECK(system.user == Switch::off);
  CHECK(system.bus == "unix:path=/run/dbus/system_bus_socket");
  CHECK(systemd({.system_bus = "unix:path=/x", .euid = 0}, initial).bus == "unix:path=/x");
  // Root of a container that has a systemd of its own.
  CHECK(systemd({.euid = 0}, other).user == Switch::off);

  const Systemd user = systemd({.xdg_runtime_dir = "/run/user/7", .euid = 7}, initial);
  CHECK(user.user == Switch::on);
  CHECK(user.bus == "unix:path=/run/user/7/bus");
  CHECK(systemd({.session_bus = "unix:path=/y", .euid = 7}, initial).bus == "unix:path=/y");
  CHECK(systemd({.euid = 7}, initial).bus == "unix:path=/run/user/7/bus");
  // Rootless Podman runs the runtime as root of its user namespace.
  CHECK(systemd({.xdg_runtime_dir = "/run/user/7", .euid = 0}, other).user == Switch::on);
}

TEST_CASE("a root below XDG_RUNTIME_DIR is made private and sticky", "[cli][contract-3]") {
  const test::TempDir directory;
  const Root root{directory / "myrt", true};

  REQUIRE(make_xdg_root(root).ok());
  REQUIRE(make_xdg_root(root).ok());

  struct stat status = {};
  REQUIRE(::stat(root.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 01700);
  CHECK_FALSE(make_xdg_root({directory / "no/such", true}).ok());
  CHECK(make_xdg_root({directory / "no/such", false}).ok());
}

TEST_CASE("the name that myrt is called by decides whom it stands in for", "[cli][contract-5]") {
  CHECK(personality_of("/usr/bin/myrt").name == "myrt");
  CHECK(personality_of("").name == "myrt");
  CHECK(personality_of("/usr/sbin/runc").name == "runc");
  CHECK(personality_of("buildkit-runc").name == "runc");
  CHECK(personality_of("./crun").kind == Personality::Kind::crun);
  CHECK(personality_of("crunch").kind == Personality::Kind::myrt);
  CHECK(state_root({}, personality_of("crun"), {})->path == "/run/crun");
}

TEST_CASE("the version text has the lines that callers look for", "[cli][contract-0.14]") {
  const Version version{"0.1.0", "abc", "1.3.0", "2.5.4"};

  CHECK(version_text(personality_of("runc"), version, "/run/runc") ==
        "runc version 0.1.0\ncommit: abc\nspec: 1.3.0\nlibseccomp: 2.5.4\n");
  CHECK(version_text(personality_of("crun"), version, "/run/crun") ==
        "crun version 0.1.0\ncommit: abc\nrundir: /run/crun\nspec: 1.3.0\nlibseccomp: 2.5.4\n");
}
