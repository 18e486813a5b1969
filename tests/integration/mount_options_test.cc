#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/integration/container_fixture.h"
#include "tests/support/catch.h"

namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using myrt::test::ContainerFixture;
using myrt::test::device_line;
using myrt::test::file_text;
using myrt::test::is_root;
using myrt::test::link_text;
using myrt::test::mounted_at;
using myrt::test::try_to_write;
using myrt::test::Users;
namespace mounts = myrt::mounts;
namespace oci = myrt::oci;

}  // namespace

TEST_CASE("binds of directories and files get their own attributes and propagation",
          "[root][mounts][MNT-03][MNT-05][MNT-07][MNT-08][OPT-04][OPT-05]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.bundle.write("data/file", "text");
  container.add_mount("/in/dir", "bind", "data", {"bind", "ro", "nosuid"});
  container.add_mount("/in/file", "", container.bundle / "data/file", {"rbind", "rprivate"});
  container.add_mount("/in/slave", "none", container.bundle / "data", {"rbind", "rslave"});
  container.add_mount("/in/plain", "none", container.bundle / "data", {"bind"});

  const std::string report = container.run([](const mounts::Root&) {
    return mounted_at("/in/dir") + "\n" + mounted_at("/in/file") + "\n" + mounted_at("/in/slave") +
           "\n" + mounted_at("/in/plain") + "\n" + file_text("/in/file") +
           try_to_write("/in/dir/file", "x");
  });

  INFO(report);
  CHECK_THAT(report, Contains("ro,nosuid,"));
  CHECK_THAT(report, Contains("textread-only file system"));
  CHECK_THAT(report, !Contains("shared:"));
  CHECK_THAT(report, Contains("master:"));
}

TEST_CASE("a shared root keeps a volume bidirectional", "[root][mounts][ROP-02][OPT-05]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.spec.linux->rootfs_propagation = "rshared";
  container.bundle.write("data/sub/file", "text");
  container.add_mount("/volume", "bind", container.bundle / "data", {"rbind", "rshared"});
  const std::string below = container.bundle / "data/sub";
  container.on_host = [below] { return "host:" + mounted_at(below); };

  const std::string report = container.run([](const mounts::Root&) {
    myrt::Result<> mounted = myrt::sys::mount("new", "/volume/sub", "tmpfs", 0, "");
    return mounted.ok() ? std::string("ok ") : mounted.error().message;
  });

  CHECK_THAT(report, StartsWith("ok host:tmpfs"));
}

TEST_CASE("rro reaches the mounts below, ro does not", "[root][mounts][OPT-08]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  const std::string source = container.bundle / "data";
  container.bundle.write("data/sub/file", "text");
  container.before_sources = [source] {
    myrt::ignore(myrt::sys::mount("below", source + "/sub", "tmpfs", 0, ""), "seen below");
  };
  container.add_mount("/ro", "bind", source, {"rbind", "ro"});
  container.add_mount("/rro", "bind", source, {"rbind", "rro"});
  container.add_mount("/mixed", "bind", source, {"rbind", "rro", "rw"});

  const std::string report = container.run([](const mounts::Root&) {
    return try_to_write("/ro/f", "x") + "," + try_to_write("/ro/sub/f", "x") + ";" +
           try_to_write("/rro/f", "x") + "," + try_to_write("/rro/sub/f", "x") + ";" +
           try_to_write("/mixed/f", "x") + "," + try_to_write("/mixed/sub/f", "x");
  });

  CHECK(report ==
        "read-only file system,;read-only file system,read-only file system;,read-only file "
        "system");
}

TEST_CASE("a missing source is an error that says which mount and which path",
          "[root][mounts][MNT-05][MNT-12]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.add_mount("/x", "bind", "/no/such/source", {"bind"});

  const std::string report = container.run([](const mounts::Root&) { return std::string(); });

  CHECK(report == "error: mounts[0]: open tree `/no/such/source`: no such file or directory");
}

TEST_CASE("tmpcopyup fills the tmpfs with what it covers", "[root][mounts][OPT-15]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.bundle.write("rootfs/etc/conf/file", "text");
  REQUIRE(::chown(container.rootfs("etc/conf/file").c_str(), 7, 8) == 0);
  REQUIRE(::chmod(container.rootfs("etc/conf/file").c_str(), 04750) == 0);
  REQUIRE(::symlink("/etc/conf/file", container.rootfs("etc/link").c_str()) == 0);
  REQUIRE(::mkfifo(container.rootfs("etc/fifo").c_str(), 0600) == 0);
  container.add_mount("/etc", "tmpfs", "tmpfs", {"tmpcopyup", "ro", "size=1m"});
  const std::string original = container.rootfs("etc/conf/file");

  const std::string report = container.run([](const mounts::Root&) {
    struct stat status = {};
    ::stat("/etc/conf/file", &status);
    return fmt::format("{} {:o} {}:{} {}{}{}", file_text("/etc/conf/file"), status.st_mode,
                       status.st_uid, status.st_gid, link_text("/etc/link"),
                       device_line("/etc/fifo"), try_to_write("/etc/new", "x"));
  });

  CHECK(report == "text 104750 7:8 /etc/conf/file;10600 0:0 0:0;read-only file system");
}

TEST_CASE("a tmpfs takes the mode of the directory it covers, unless told",
          "[root][mounts][MNT-11]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  std::filesystem::create_directories(container.rootfs("a"));
  std::filesystem::create_directories(container.rootfs("b"));
  REQUIRE(::chmod(container.rootfs("a").c_str(), 0710) == 0);
  container.add_mount("/a", "tmpfs", "tmpfs", {});
  container.add_mount("/b", "tmpfs", "tmpfs", {"mode=0701"});
  container.add_mount("/new", "tmpfs", "tmpfs", {});

  const std::string report = container.run([](const mounts::Root&) {
    return device_line("/a") + device_line("/b") + device_line("/new");
  });

  CHECK(report == "40710 0:0 0:0;40701 0:0 0:0;41777 0:0 0:0;");
}

TEST_CASE("a mount with mappings of its own shows mapped owners", "[root][mounts][IDM-01]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  const std::string source = container.bundle / "data";
  container.bundle.write("data/keep", "");
  container.before_sources = [source] {
    myrt::ignore(myrt::sys::mount("data", source, "tmpfs", 0, ""), "seen below");
    try_to_write(source + "/file", "text");
    ::chown((source + "/file").c_str(), 1000, 1001);
  };
  container.add_mount("/mapped", "bind", source, {"bind", "idmap"});
  container.spec.mounts.back().uid_mappings = {{1000, 5000, 1}};
  container.spec.mounts.back().gid_mappings = {{1001, 6000, 1}};
  container.add_mount("/plain", "bind", source, {"bind"});

  const std::string report = container.run(
      [](const mounts::Root&) { return device_line("/mapped/file") + device_line("/plain/file"); });

  CHECK(report == "100644 0:0 5000:6000;100644 0:0 1000:1001;");
}

TEST_CASE("idmap without mappings uses the container's user namespace", "[root][mounts][IDM-06]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.users = Users::mapped;
  container.inputs.user_namespace = mounts::UserNamespace::own;
  container.add_mount("/dev", "tmpfs", "tmpfs", {});
  REQUIRE(::chown(container.rootfs().c_str(), 100000, 100000) == 0);
  const std::string source = container.bundle / "data";
  container.bundle.write("data/keep", "");
  container.before_sources = [source] {
    myrt::ignore(myrt::sys::mount("data", source, "tmpfs", 0, ""), "seen below");
    try_to_write(source + "/file", "text");
  };
  container.add_mount("/mapped", "bind", source, {"rbind", "ridmap"});
  container.add_mount("/plain", "bind", source, {"bind"});

  const std::string report = container.run(
      [](const mounts::Root&) { return device_line("/mapped/file") + device_line("/plain/file"); });

  CHECK(report == "100644 0:0 0:0;100644 0:0 65534:65534;");
}

TEST_CASE("a filesystem without idmap support is an error, not an unmapped mount",
          "[root][mounts][IDM-08]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.add_mount("/mapped", "bind", "/sys/fs", {"bind", "idmap"});
  container.spec.mounts.back().uid_mappings = {{0, 5000, 10}};
  container.spec.mounts.back().gid_mappings = {{0, 5000, 10}};

  const std::string report = container.run([](const mounts::Root&) { return std::string(); });

  CHECK_THAT(
      report,
      StartsWith("error: mounts[0]: idmap `/sys/fs`: its filesystem `sysfs` does not support"));
}

TEST_CASE("a remount changes what is mounted", "[root][mounts][OPT-03]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.add_mount("/t", "tmpfs", "tmpfs", {"size=4k"});
  container.add_mount("/t", "tmpfs", "tmpfs", {"remount", "nosuid", "size=64k"});
  container.add_mount("/t", "", "", {"remount", "bind", "noexec"});

  const std::string report = container.run([](const mounts::Root&) {
    return mounted_at("/t") + try_to_write("/t/f", std::string(20000, 'x'));
  });

  CHECK_THAT(report, StartsWith("tmpfs rw,nosuid,noexec,"));
  CHECK_THAT(report, Catch::Matchers::EndsWith(";"));
}

TEST_CASE("every option of the superblock is taken by a new filesystem",
          "[root][mounts][OPT-01][OPT-06]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.add_mount("/t", "tmpfs", "tmpfs",
                      {"sync", "dirsync", "lazytime", "mand", "iversion", "silent", "noatime",
                       "nodiratime", "nosymfollow"});

  const std::string report =
      container.run([](const mounts::Root&) { return file_text("/proc/self/mountinfo"); });

  INFO(report);
  CHECK_THAT(report, Contains(" /t rw,noatime,nodiratime,nosymfollow - tmpfs tmpfs rw,sync,"));
}

TEST_CASE("cgroup v2 without a namespace is a bind of the container's own cgroup",
          "[root][mounts][MNT-09]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.bundle.write("cgroup/own/file", "own");
  container.inputs.cgroup.hierarchies = {{"", container.bundle / "cgroup", "/own", {}}};
  container.add_mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "ro"});

  const std::string report = container.run([](const mounts::Root&) {
    return file_text("/sys/fs/cgroup/file") + try_to_write("/sys/fs/cgroup/new", "x");
  });

  CHECK(report == "ownread-only file system");
}

TEST_CASE("cgroup v1 is a tmpfs of binds and links, read-only when asked",
          "[root][mounts][MNT-09]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.bundle.write("cg/cpu,cpuacct/own/file", "cpu");
  container.bundle.write("cg/memory/own/file", "memory");
  container.inputs.cgroup.mode = mounts::CgroupView::Mode::v1;
  container.inputs.cgroup.hierarchies = {
      {"cpu,cpuacct", container.bundle / "cg/cpu,cpuacct", "/own", {"cpu", "cpuacct"}},
      {"memory", container.bundle / "cg/memory", "/own", {"memory"}}};
  container.add_mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "ro"});

  const std::string report = container.run([](const mounts::Root&) {
    return file_text("/sys/fs/cgroup/cpuacct/file") + file_text("/sys/fs/cgroup/memory/file") +
           try_to_write("/sys/fs/cgroup/new", "x") + "," +
           try_to_write("/sys/fs/cgroup/memory/new", "x");
  });

  CHECK(report == "cpumemoryread-only file system,read-only file system");
}

TEST_CASE("the words for symlinks copy, mount and cover them", "[root][mounts][OPT-16]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.bundle.write("data/file", "text");
  REQUIRE(::symlink("file", (container.bundle / "data/link").c_str()) == 0);
  container.bundle.write("rootfs/covered", "");
  REQUIRE(::symlink("covered", container.rootfs("link").c_str()) == 0);
  container.add_mount("/copied", "bind", container.bundle / "data/link", {"bind", "copy-symlink"});
  container.add_mount("/followed", "bind", container.bundle / "data/link", {"bind"});
  container.add_mount("/mounted", "bind", container.bundle / "data/link", {"bind", "src-nofollow"});
  container.add_mount("/link", "bind", container.bundle / "data/file", {"bind", "dest-nofollow"});

  const std::string report = container.run([](const mounts::Root&) {
    return link_text("/copied") + file_text("/followed") + ";" + link_text("/mounted") +
           file_text("/covered") + ";" + file_text("/link");
  });

  CHECK(report == "file;text;file;;text");
}
