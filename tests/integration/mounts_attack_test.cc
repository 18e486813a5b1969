// Hostile images against mounts/: what a rootfs can hold or do while it is being mounted upon.

#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "mounts/apply.h"
#include "sys/files.h"
#include "tests/integration/container_fixture.h"
#include "tests/support/catch.h"

namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using myrt::test::ContainerFixture;
using myrt::test::file_text;
using myrt::test::is_root;
using myrt::test::mounted_at;
using myrt::test::try_to_write;
namespace mounts = myrt::mounts;
namespace fs = std::filesystem;

std::string nothing(const mounts::Root&) { return "mounted"; }

// A directory next to the rootfs that must stay as it is, and a report of what is in it.
class Outside {
 public:
  explicit Outside(const ContainerFixture& container) : path_(container.bundle / "outside") {
    container.bundle.write("outside/keep", "keep");
  }
  const std::string& path() const { return path_; }
  std::string entries() const {
    std::set<std::string> sorted;
    for (const auto& entry : fs::recursive_directory_iterator(path_)) {
      sorted.insert(entry.path().filename().string());
    }
    std::string names;
    for (const std::string& name : sorted) names += name + ";";
    return names;
  }

 private:
  std::string path_;
};

// A child that exchanges two names for ever. Returns once it has begun.
pid_t start_exchanging(const std::string& one, const std::string& other) {
  int begun[2] = {-1, -1};
  if (::pipe2(begun, O_CLOEXEC) != 0) return -1;
  const pid_t pid = ::fork();
  char byte = 'x';
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (unsigned i = 0;; ++i) {
      ::syscall(SYS_renameat2, -1, one.c_str(), -1, other.c_str(), RENAME_EXCHANGE);
      if (i == 100 && ::write(begun[1], &byte, 1) != 1) ::_exit(1);
    }
  }
  ::close(begun[1]);
  const bool running = ::read(begun[0], &byte, 1) == 1;
  ::close(begun[0]);
  return running ? pid : -1;
}

}  // namespace

TEST_CASE("a destination that is a symlink out of the rootfs stays inside, for every type",
          "[root][mounts][MNT-04][CVE-2019-18837][CVE-2024-45310]") {
  if (!is_root()) return;
  struct Case {
    const char* type;
    const char* source;
    std::vector<std::string> options;
  };
  const std::vector<Case> cases = {
      {"tmpfs", "tmpfs", {}},     {"devpts", "devpts", {"newinstance"}}, {"mqueue", "mqueue", {}},
      {"bind", "data", {"bind"}}, {"bind", "data/file", {"bind"}},       {"cgroup", "cgroup", {}}};
  for (const Case& one : cases) {
    for (const char* destination : {"/link", "/link/sub", "/up"}) {
      ContainerFixture container;
      const Outside outside(container);
      container.bundle.write("data/file", "data");
      container.inputs.cgroup.hierarchies = {{"", container.bundle / "data", "/", {}}};
      REQUIRE(::symlink(outside.path().c_str(), container.rootfs("link").c_str()) == 0);
      REQUIRE(::symlink("../../../../../../../etc", container.rootfs("up").c_str()) == 0);
      container.add_mount(destination, one.type, one.source, one.options);

      const std::string report = container.run(nothing);

      INFO(one.type << " " << one.source << " on " << destination << ": " << report);
      CHECK(report == "mounted");
      CHECK(outside.entries() == "keep;");
    }
  }
}

TEST_CASE("proc and sysfs are not mounted over a symlink",
          "[root][mounts][MNT-10][CVE-2019-19921][CVE-2023-27561][CVE-2025-54867]") {
  if (!is_root()) return;
  for (const char* type : {"proc", "sysfs"}) {
    ContainerFixture container;
    const std::string name = std::string(type) == "proc" ? "proc" : "sys";
    fs::create_directories(container.rootfs("elsewhere"));
    REQUIRE(::symlink("elsewhere", container.rootfs(name).c_str()) == 0);
    container.add_mount("/" + name, type, type, {});

    const std::string report = container.run(nothing);

    CHECK(report == "error: mounts[0]: mount `" + std::string(type) + "` to `/" + name + "`: `/" +
                        name + "` must be mounted on ordinary directory");
  }
}

TEST_CASE("a symlink cannot lead a mount into procfs", "[root][mounts][MNT-10][CVE-2019-19921]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.bundle.write("data/file", "data");
  REQUIRE(::symlink("/proc/sys/kernel", container.rootfs("link").c_str()) == 0);
  container.add_mount("/link", "bind", "data", {"bind"});

  const std::string report = container.run(nothing);

  CHECK_THAT(report, Catch::Matchers::EndsWith("`/link` leads into a procfs"));
}

TEST_CASE("a bind over /proc has to be a procfs", "[root][mounts][CVE-2019-16884]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.bundle.write("data/self/attr/exec", "");
  container.add_mount("/proc", "bind", "data", {"bind"});

  const std::string report = container.run(nothing);

  CHECK_THAT(report,
             StartsWith("error: mounts[0]: `" + container.bundle.path() + "/data` is no procfs"));
}

TEST_CASE("a /dev that is a symlink gets its devices inside the rootfs or none",
          "[root][mounts][CVE-2026-41579][CVE-2026-47766]") {
  if (!is_root()) return;
  for (const char* type : {"tmpfs", ""}) {
    ContainerFixture container;
    const Outside outside(container);
    REQUIRE(::symlink(outside.path().c_str(), container.rootfs("dev").c_str()) == 0);
    if (*type != '\0') container.add_mount("/dev", type, "tmpfs", {});

    const std::string report = container.run(nothing);

    INFO(report);
    CHECK(outside.entries() == "keep;");
  }
}

TEST_CASE("a device whose name is a symlink is refused", "[root][mounts][DEV-04]") {
  if (!is_root()) return;
  ContainerFixture container;
  const Outside outside(container);
  fs::create_directories(container.rootfs("dev"));
  REQUIRE(::symlink((outside.path() + "/keep").c_str(), container.rootfs("dev/null").c_str()) == 0);

  const std::string report = container.run(nothing);

  CHECK(report == "error: `/dev/null` exists and is not the device c 1:3");
  CHECK(file_text(outside.path() + "/keep") == "keep");
}

TEST_CASE("a bound device is not put on a symlink", "[root][mounts][CVE-2026-88265]") {
  if (!is_root()) return;
  ContainerFixture container;
  const Outside outside(container);
  fs::create_directories(container.rootfs("dev"));
  REQUIRE(::symlink((outside.path() + "/new").c_str(), container.rootfs("dev/null").c_str()) == 0);
  container.inputs.user_namespace = mounts::UserNamespace::own;

  const std::string report = container.run(nothing);

  CHECK(report == "error: `null` is no file or device");
  CHECK(outside.entries() == "keep;");
}

TEST_CASE("a mask is the host's /dev/null, whatever the image has there",
          "[root][mounts][MSK-03][CVE-2025-31133][CVE-2025-62161]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.bundle.write("rootfs/payload", "attack");
  container.before_enter = [rootfs = container.inputs.rootfs] {
    ::unlink((rootfs + "/dev/null").c_str());
    ::symlink("/payload", (rootfs + "/dev/null").c_str());
  };

  const std::string report = container.run([](const mounts::Root&) {
    struct stat status = {};
    ::stat("/proc/keys", &status);
    return fmt::format("{}:{} {}", major(status.st_rdev), minor(status.st_rdev),
                       file_text("/dev/null"));
  });

  CHECK(report == "1:3 attack");
}

TEST_CASE("the console is bound on a file in the root, never through a symlink",
          "[root][mounts][DEV-10][CVE-2025-52565][CVE-2026-88264]") {
  if (!is_root()) return;
  const auto open_slave = [] {
    const int leader = ::open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    int unlock = 0;
    ::ioctl(leader, TIOCSPTLCK, &unlock);
    return ::ioctl(leader, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  };
  const auto mount_it = [open_slave](const mounts::Root& root) -> std::string {
    const int slave = open_slave();
    const myrt::Result<> mounted = mounts::mount_console(root, slave);
    return mounted.ok() ? mounted_at("/dev/console") : "refused: " + mounted.error().message;
  };
  ContainerFixture container;
  container.use_typical_config();
  container.spec.process = myrt::oci::Process{};
  container.spec.process->terminal = true;

  SECTION("it is a devpts mount afterwards") {
    CHECK_THAT(container.run(mount_it), StartsWith("devpts rw,"));
  }
  SECTION("a symlink is refused and its target not made") {
    container.before_enter = [rootfs = container.inputs.rootfs] {
      ::unlink((rootfs + "/dev/console").c_str());
      ::symlink("/escaped", (rootfs + "/dev/console").c_str());
    };
    CHECK(container.run(mount_it) == "refused: `console` is no file or device");
    CHECK_FALSE(fs::exists(container.rootfs("escaped")));
  }
  SECTION("an fd that is no terminal of a devpts is refused") {
    const std::string report = container.run([](const mounts::Root& root) -> std::string {
      const int file = ::open("/dev/null", O_RDWR | O_CLOEXEC);
      const myrt::Result<> mounted = mounts::mount_console(root, file);
      return mounted.ok() ? "mounted" : mounted.error().message;
    });
    CHECK(report == "the terminal is no slave of a devpts");
  }
}

TEST_CASE("a read-only root does not trust the image's /proc", "[root][mounts][CVE-2026-115521]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.spec.root->readonly = true;
  fs::create_directories(container.rootfs("proc/self"));
  REQUIRE(::symlink("/tmp", container.rootfs("proc/self/fd").c_str()) == 0);

  const std::string report =
      container.run([](const mounts::Root&) { return try_to_write("/file", "x"); });

  CHECK(report == "read-only file system");
}

TEST_CASE("a destination that is exchanged for a symlink all the time never leads out",
          "[root][mounts][MNT-04][CVE-2021-30465]") {
  if (!is_root()) return;
  constexpr int kRounds = 60;
  int through_the_link = 0;
  int exchanged = 0;
  for (int round = 0; round < kRounds; ++round) {
    ContainerFixture container;
    const Outside outside(container);
    fs::create_directories(outside.path() + "/b");
    container.bundle.write("data/file", "data");
    fs::create_directories(container.rootfs("a/b"));
    REQUIRE(::symlink(outside.path().c_str(), container.rootfs("link").c_str()) == 0);
    container.add_mount("/a/b", "bind", "data", {"bind"});
    container.add_mount("/a/b/c", "tmpfs", "tmpfs", {});
    container.add_mount("/a/new/d", "tmpfs", "tmpfs", {});
    pid_t racer = -1;
    container.before_sources = [&racer, &container] {
      racer = start_exchanging(container.rootfs("a"), container.rootfs("link"));
    };
    container.before_enter = [&container, &outside] {
      for (const char* name : {"/b", "/b/c", "/new/d"}) {
        if (!mounted_at(outside.path() + name).empty()) container.bundle.write("escaped", name);
      }
    };
    container.on_host = [&racer] {
      ::kill(racer, SIGKILL);
      ::waitpid(racer, nullptr, 0);
      return std::string();
    };

    const std::string report = container.run(
        [](const mounts::Root&) { return "mounted:" + file_text("/proc/self/mountinfo"); });

    // It may fail while the names dance; it may not lead out.
    INFO(report);
    CHECK((report.starts_with("mounted:") || report.starts_with("error: ")));
    CHECK_FALSE(fs::exists(container.bundle / "escaped"));
    CHECK(outside.entries() == "b;keep;");
    if (fs::exists(container.rootfs("tmp"))) ++through_the_link;
    if (fs::is_symlink(container.rootfs("a"))) ++exchanged;
  }
  // Otherwise nothing was tried.
  CHECK(through_the_link + exchanged > 0);
}
