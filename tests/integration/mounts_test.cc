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

std::string typical_report() {
  std::string text;
  for (const char* path : {"/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"}) {
    text += std::string(path) + "=" + mounted_at(path) + "\n";
  }
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
    text += device_line(std::string("/dev/") + name);
  }
  text += "\n";
  for (const char* name : {"fd", "stdin", "stdout", "stderr", "ptmx"}) {
    text += link_text(std::string("/dev/") + name);
  }
  return text;
}

}  // namespace

TEST_CASE("the typical config is mounted with its options",
          "[root][mounts][MNT-01][MNT-11][DEV-09][DEV-11][FDS-04][DFS-01]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();

  const std::string report = container.run([](const mounts::Root&) { return typical_report(); });

  INFO(report);
  CHECK_THAT(report, Contains("/proc=proc rw,relatime ;\n"));
  CHECK_THAT(report, Contains("/dev=tmpfs rw,nosuid ;\n"));
  CHECK_THAT(report, Contains("/dev/pts=devpts rw,nosuid,noexec,relatime ;\n"));
  CHECK_THAT(report, Contains("/dev/shm=tmpfs rw,nosuid,nodev,noexec,relatime ;\n"));
  CHECK_THAT(report, Contains("/dev/mqueue=mqueue rw,nosuid,nodev,noexec,relatime ;\n"));
  CHECK_THAT(report, Contains("/sys=sysfs ro,nosuid,nodev,noexec,relatime ;\n"));
  CHECK_THAT(report, Contains("20666 1:3 0:0;20666 1:5 0:0;20666 1:7 0:0;20666 1:8 0:0;"
                              "20666 1:9 0:0;20666 5:0 0:0;\n"));
  CHECK_THAT(report, Contains("/proc/self/fd;/proc/self/fd/0;/proc/self/fd/1;/proc/self/fd/2;"
                              "pts/ptmx;"));
}

TEST_CASE("the typical config works in a user namespace, with the host's devices",
          "[root][mounts][DEV-01][MNT-08][MNT-11]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.users = Users::mapped;
  container.inputs.user_namespace = mounts::UserNamespace::own;
  container.inputs.gid_mappings = {{0, 100000, 65536}};
  for (const char* path : {"", "proc", "sys", "dev"}) {
    std::filesystem::create_directories(container.rootfs(path));
    REQUIRE(::chown(container.rootfs(path).c_str(), 100000, 100000) == 0);
  }

  const std::string report = container.run([](const mounts::Root&) {
    return typical_report() + "write:" + try_to_write("/dev/null", "x") +
           ";read-only:" + mounted_at("/proc/sys");
  });

  INFO(report);
  CHECK_THAT(report, Contains("/dev/pts=devpts rw,nosuid,noexec,relatime ;\n"));
  CHECK_THAT(report, Contains("20666 1:3 65534:65534;20666 1:5 65534:65534;"));
  CHECK_THAT(report, Contains("write:;read-only:proc ro,"));
}

TEST_CASE("a rootless runtime leaves the sources to init, and locked flags stay",
          "[root][mounts][MNT-08]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.users = Users::mapped;
  container.opener = myrt::test::Opener::init;
  container.inputs.user_namespace = mounts::UserNamespace::own;
  container.inputs.gid_mappings = {{0, 100000, 65536}};
  for (const char* path : {"", "proc", "sys", "dev", "volume"}) {
    std::filesystem::create_directories(container.rootfs(path));
    REQUIRE(::chown(container.rootfs(path).c_str(), 100000, 100000) == 0);
  }
  const std::string source = container.bundle / "data";
  container.bundle.write("data/keep", "");
  container.before_sources = [source] {
    myrt::ignore(myrt::sys::mount("data", source, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOATIME, ""),
                 "seen below");
  };
  container.add_mount("/volume", "bind", source, {"bind", "ro", "suid", "relatime"});

  const std::string report = container.run([](const mounts::Root&) {
    return typical_report() + "volume:" + mounted_at("/volume") + mounted_at("/proc/sys");
  });

  INFO(report);
  CHECK_THAT(report, Contains("20666 1:3 65534:65534;20666 1:5 65534:65534;"));
  CHECK_THAT(report, Contains("volume:tmpfs ro,nosuid,nodev,noatime master:"));
  CHECK_THAT(report, Contains("proc ro,"));
}

TEST_CASE("the host sees nothing of the container's mounts", "[root][mounts][ROO-04][ROP-03]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  const std::string rootfs = container.inputs.rootfs;
  container.on_host = [rootfs] {
    return "host:" + mounted_at(rootfs) + mounted_at(rootfs + "/proc") +
           mounted_at(rootfs + "/dev");
  };

  const std::string report = container.run([](const mounts::Root&) {
    return "old root: " + file_text("/etc/passwd").substr(0, 5) + " mounts:" + mounted_at("/") +
           ";";
  });

  INFO(report);
  CHECK_THAT(report, StartsWith("old root: open "));
  CHECK_THAT(report, Contains("master:"));
  CHECK_THAT(report, !Contains("shared:"));
  CHECK_THAT(report, Catch::Matchers::EndsWith("host:"));
}

TEST_CASE("masked files are empty, masked directories too, and read-only paths are",
          "[root][mounts][MSK-01][MSK-02]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.bundle.write("rootfs/secret", "secret");
  container.bundle.write("rootfs/secrets/one", "secret");
  container.bundle.write("rootfs/more/two", "secret");
  container.spec.linux->masked_paths.insert(container.spec.linux->masked_paths.end(),
                                            {"/secret", "/secrets", "/more", "/missing"});
  container.spec.linux->readonly_paths.push_back("/home");
  container.bundle.write("rootfs/home/file", "text");

  const std::string report = container.run([](const mounts::Root&) {
    return "file:" + file_text("/secret") + ";dir:" + file_text("/secrets/one") + ";" +
           file_text("/more/two") + ";write:" + try_to_write("/secrets/x", "x") +
           ";keys:" + device_line("/proc/keys") + "ro:" + try_to_write("/home/file", "x") + ";" +
           try_to_write("/proc/sys/kernel/domainname", "x");
  });

  INFO(report);
  CHECK(report ==
        "file:;dir:open `/secrets/one`: no such file or directory;open `/more/two`: no such file "
        "or directory;write:read-only file system;keys:" +
            device_line("/dev/null") + "ro:read-only file system;read-only file system");
}

TEST_CASE("a read-only root leaves the mounts below it writable", "[root][mounts][ROO-03]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.spec.root->readonly = true;

  const std::string report = container.run([](const mounts::Root&) {
    return try_to_write("/file", "x") + ";" + try_to_write("/dev/shm/file", "x");
  });

  CHECK(report == "read-only file system;");
}

TEST_CASE("the root's final propagation is the config's", "[root][mounts][ROP-01][ROP-06]") {
  if (!is_root()) return;
  struct Case {
    const char* word;
    const char* contains;
    const char* lacks;
  };
  const Case cases[] = {{"shared", "shared:", "private"},
                        {"rslave", "master:", "shared:"},
                        {"private", "rw,relatime ;", "master:"},
                        {"unbindable", "unbindable", "master:"},
                        {"", "master:", "shared:"}};
  for (const Case& one : cases) {
    ContainerFixture container;
    container.use_typical_config();
    container.spec.linux->rootfs_propagation = one.word;

    const std::string report = container.run([](const mounts::Root&) { return mounted_at("/"); });

    INFO(one.word << ": " << report);
    CHECK_THAT(report, Contains(one.contains));
    CHECK_THAT(report, !Contains(one.lacks));
  }
}

TEST_CASE("an unknown filesystem is an error that names its destination",
          "[root][mounts][MNT-12]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.add_mount("/x", "nosuchfs", "none", {});

  const std::string report = container.run([](const mounts::Root&) { return std::string(); });

  CHECK_THAT(report, StartsWith("error: mounts[0]: mount `nosuchfs` to `/x`: "));
}

TEST_CASE("configured devices are made with mode and owner, anywhere, and kept when they match",
          "[root][mounts][DEV-01][DEV-02][DEV-03][DEV-05][DEV-06][DEV-07]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  oci::Device fuse{"/dev/fuse", 'u', 10, 229, 0100640, 3, 4};
  oci::Device deep{"/opt/dev/loop", 'b', 7, 9, 0600, {}, {}};
  oci::Device fifo{"/dev/pipe", 'p', 5, 5, 0622, {}, {}};
  container.spec.linux->devices = {fuse, deep, fifo, fifo};
  ::umask(027);

  const std::string report = container.run([](const mounts::Root&) {
    return device_line("/dev/fuse") + device_line("/opt/dev/loop") + device_line("/dev/pipe");
  });

  ::umask(022);
  CHECK(report == "20640 10:229 3:4;60600 7:9 0:0;10622 0:0 0:0;");
}

TEST_CASE("a file that is not the device asked for is an error", "[root][mounts][DEV-04]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.bundle.write("rootfs/dev/null", "");

  const std::string report = container.run([](const mounts::Root&) { return std::string(); });

  CHECK(report == "error: `/dev/null` exists and is not the device c 1:3");
}

TEST_CASE("without pivot the root is moved over the host's", "[root][mounts][ROO-04]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.use_typical_config();
  container.inputs.root_switch = mounts::RootSwitch::move;

  const std::string report = container.run([](const mounts::Root&) {
    return file_text("/etc/passwd").substr(0, 4) + device_line("/dev/null");
  });

  CHECK(report == "open20666 1:3 0:0;");
}

TEST_CASE("without a mount namespace the root is only changed to", "[root][mounts][ROO-04]") {
  if (!is_root()) return;
  ContainerFixture container;
  container.add_mount("/dev", "tmpfs", "tmpfs", {});
  container.inputs.mount_namespace = mounts::MountNamespace::inherited;

  const std::string report = container.run([](const mounts::Root&) {
    return file_text("/etc/passwd").substr(0, 4) + device_line("/dev/null");
  });

  CHECK(report == "open20666 1:3 0:0;");
}
