#include "mounts/plan.h"

#include "tests/unit/mounts/plan_fixture.h"

namespace {

using myrt::ErrorCode;
using myrt::test::PlanFixture;
namespace mounts = myrt::mounts;
namespace oci = myrt::oci;

}  // namespace

TEST_CASE("a typical config's plan", "[mounts][golden][MNT-01][DEV-09][DEV-11][FDS-04]") {
  PlanFixture fixture;
  fixture.add("/proc", "proc", "proc", {});
  fixture.add("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"});
  fixture.add("/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "gid=5"});
  fixture.add("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"});
  fixture.add("/data", "bind", "data", {"rbind", "rprivate", "ro"});
  fixture.spec.root->readonly = true;
  fixture.spec.process = oci::Process{};
  fixture.spec.process->terminal = true;
  fixture.spec.linux->masked_paths = {"/proc/kcore"};
  fixture.spec.linux->readonly_paths = {"/proc/sys"};

  CHECK(mounts::to_string(fixture.planned()) ==
        "root /b/rootfs ro pivot\n"
        "mount 0: proc (proc) -> /proc real-directory\n"
        "mount 1: tmpfs (tmpfs) -> /dev nosuid,strictatime [mode=755] [size=65536k]\n"
        "mount 2: devpts (devpts) -> /dev/pts nosuid,noexec [newinstance] [gid=5]\n"
        "mount 3: sysfs (sysfs) -> /sys ro,nosuid,nodev,noexec real-directory\n"
        "mount 4: rbind /b/data -> /data r{private} {+ro -nosuid,nodev,noexec,nosymfollow}\n"
        "device /dev/null c 1:3 666 0:0 mknod\n"
        "device /dev/zero c 1:5 666 0:0 mknod\n"
        "device /dev/full c 1:7 666 0:0 mknod\n"
        "device /dev/random c 1:8 666 0:0 mknod\n"
        "device /dev/urandom c 1:9 666 0:0 mknod\n"
        "device /dev/tty c 5:0 666 0:0 mknod\n"
        "dev links console\n"
        "mask /proc/kcore\n"
        "read-only /proc/sys\n");
}

TEST_CASE("planning the same config twice gives equal plans", "[mounts]") {
  PlanFixture fixture;
  fixture.add("/data", "bind", "data", {"rbind", "ro"});

  CHECK(fixture.planned() == fixture.planned());
}

TEST_CASE("a config without root is refused", "[mounts][ROO-01]") {
  PlanFixture fixture;
  fixture.spec.root.reset();

  CHECK(fixture.refused().pointer == "/root");
}

TEST_CASE("the root is switched as its mount namespace allows", "[mounts][ROO-04]") {
  PlanFixture fixture;
  CHECK(fixture.planned().root.root_switch == mounts::RootSwitch::pivot);

  fixture.inputs.root_switch = mounts::RootSwitch::move;
  CHECK(fixture.planned().root.root_switch == mounts::RootSwitch::move);

  fixture.inputs.mount_namespace = mounts::MountNamespace::joined;
  CHECK(fixture.planned().root.root_switch == mounts::RootSwitch::chroot);
  CHECK(fixture.planned().root.attach);

  fixture.inputs.mount_namespace = mounts::MountNamespace::inherited;
  CHECK_FALSE(fixture.planned().root.attach);
}

TEST_CASE("what changes mounts needs a mount namespace", "[mounts][MSK-03][ROO-03]") {
  PlanFixture fixture;
  fixture.inputs.mount_namespace = mounts::MountNamespace::inherited;

  SECTION("masked paths") {
    fixture.spec.linux->masked_paths = {"/x"};
    CHECK(fixture.refused().pointer == "/linux/maskedPaths");
  }
  SECTION("read-only paths") {
    fixture.spec.linux->readonly_paths = {"/x"};
    CHECK(fixture.refused().pointer == "/linux/readonlyPaths");
  }
  SECTION("a read-only root") {
    fixture.spec.root->readonly = true;
    CHECK(fixture.refused().pointer == "/root/readonly");
  }
  SECTION("propagation of the root") {
    fixture.spec.linux->rootfs_propagation = "shared";
    CHECK(fixture.refused().pointer == "/linux/rootfsPropagation");
  }
}

TEST_CASE("masked and read-only paths are absolute", "[mounts][MSK-01][MSK-02]") {
  PlanFixture fixture;

  SECTION("masked") {
    fixture.spec.linux->masked_paths = {"/a", "b"};
    CHECK(fixture.refused().pointer == "/linux/maskedPaths/1");
  }
  SECTION("read-only") {
    fixture.spec.linux->readonly_paths = {"b"};
    CHECK(fixture.refused().pointer == "/linux/readonlyPaths/0");
  }
  SECTION("and not the root") {
    fixture.spec.linux->masked_paths = {"/a/.."};
    CHECK(fixture.refused().pointer == "/linux/maskedPaths/0");
  }
}

TEST_CASE("rootfsPropagation is one of eight words", "[mounts][ROP-01]") {
  PlanFixture fixture;
  struct Row {
    const char* word;
    const char* line;
  };
  const Row rows[] = {{"", "root /b/rootfs pivot\n"},
                      {"shared", "root /b/rootfs shared pivot\n"},
                      {"rshared", "root /b/rootfs rshared pivot\n"},
                      {"slave", "root /b/rootfs slave pivot\n"},
                      {"rslave", "root /b/rootfs rslave pivot\n"},
                      {"private", "root /b/rootfs private pivot\n"},
                      {"rprivate", "root /b/rootfs rprivate pivot\n"},
                      {"unbindable", "root /b/rootfs unbindable pivot\n"},
                      {"runbindable", "root /b/rootfs runbindable pivot\n"}};
  for (const Row& row : rows) {
    fixture.spec.linux->rootfs_propagation = row.word;
    CHECK_THAT(mounts::to_string(fixture.planned()), Catch::Matchers::StartsWith(row.line));
  }
  for (const char* word : {"foo", "r", "rr", "Shared", "rrshared"}) {
    fixture.spec.linux->rootfs_propagation = word;
    CHECK(fixture.refused().pointer == "/linux/rootfsPropagation");
  }
}

TEST_CASE("a root that is given goes into a mount namespace of its own, or nowhere", "[mounts]") {
  PlanFixture fixture;
  fixture.inputs.root_tree = mounts::RootTree::given;
  const std::string text = mounts::to_string(fixture.planned());
  CHECK(text.substr(0, text.find('\n')) == "root /b/rootfs pivot given");
  for (const auto other : {mounts::MountNamespace::joined, mounts::MountNamespace::inherited}) {
    fixture.inputs.mount_namespace = other;
    CHECK(fixture.refused().pointer == "/linux/namespaces");
  }
}

TEST_CASE("a mount label needs SELinux", "[mounts][LAB-01]") {
  PlanFixture fixture;
  fixture.spec.linux->mount_label = "system_u:object_r:x:s0:c1,c2";
  fixture.add("/proc", "proc", "proc", {});
  fixture.add("/t", "tmpfs", "tmpfs", {"mode=1"});
  fixture.add("/own", "tmpfs", "tmpfs", {"mode=1", "context=mine"});
  fixture.add("/q", "mqueue", "mqueue", {});

  CHECK(fixture.refused().pointer == "/linux/mountLabel");

  fixture.inputs.selinux = mounts::Selinux::on;
  CHECK(fixture.mount_lines() ==
        "mount 0: proc (proc) -> /proc real-directory\n"
        "mount 1: tmpfs (tmpfs) -> /t [mode=1] [context=system_u:object_r:x:s0:c1,c2]\n"
        "mount 2: tmpfs (tmpfs) -> /own [mode=1] [context=mine]\n"
        "mount 3: mqueue (mqueue) -> /q label:system_u:object_r:x:s0:c1,c2\n");
}

TEST_CASE("devices come from the host's in a user namespace", "[mounts][DEV-01]") {
  PlanFixture fixture;
  fixture.inputs.user_namespace = mounts::UserNamespace::own;

  CHECK(fixture.planned().device_method == mounts::DeviceMethod::bind);
}

TEST_CASE("a /dev that is bound is not furnished", "[mounts][DEV-09]") {
  PlanFixture fixture;
  fixture.add("/dev/", "bind", "/dev", {"rbind"});
  fixture.spec.linux->devices = {{"/dev/fuse", 'c', 10, 229, {}, {}, {}},
                                 {"/opt/fuse", 'c', 10, 229, {}, {}, {}}};

  const mounts::Plan plan = fixture.planned();

  CHECK_FALSE(plan.furnish_dev);
  REQUIRE(plan.devices.size() == 1);
  CHECK(plan.devices[0].path == "/opt/fuse");
}

TEST_CASE("configured devices are checked", "[mounts][DEV-02][DEV-03][DEV-05][DEV-06][DEV-08]") {
  PlanFixture fixture;

  SECTION("u is c, and only permission bits of the mode count") {
    fixture.spec.linux->devices = {{"/dev/../x", 'u', 1, 2, 0100640, 3, 4}};
    const mounts::Plan plan = fixture.planned();
    CHECK_THAT(mounts::to_string(plan),
               Catch::Matchers::Contains("device /x c 1:2 640 3:4 mknod\n"));
  }
  SECTION("the numbers of a fifo do not matter") {
    fixture.spec.linux->devices = {{"/dev/p", 'p', -1, -1, {}, {}, {}}};
    CHECK_THAT(mounts::to_string(fixture.planned()),
               Catch::Matchers::Contains("device /dev/p p 0:0 666 0:0 mknod\n"));
  }
  SECTION("a default device can be configured") {
    fixture.spec.linux->devices = {{"/dev/null", 'c', 1, 3, 0600, {}, {}}};
    const mounts::Plan plan = fixture.planned();
    CHECK(plan.devices.size() == 6);
    CHECK(plan.devices.back().mode == 0600);
  }
  SECTION("the same device twice is no error") {
    fixture.spec.linux->devices = {{"/dev/a", 'b', 7, 0, {}, {}, {}},
                                   {"/dev/b", 'b', 7, 0, {}, {}, {}}};
    CHECK(fixture.planned().devices.size() == 8);
  }
  SECTION("an unknown type is refused") {
    fixture.spec.linux->devices = {{"/dev/a", 'x', 7, 0, {}, {}, {}}};
    CHECK(fixture.refused().pointer == "/linux/devices/0/type");
  }
  SECTION("numbers that no device has are refused") {
    fixture.spec.linux->devices = {{"/dev/a", 'c', -1, 0, {}, {}, {}}};
    CHECK(fixture.refused().pointer == "/linux/devices/0/major");
    fixture.spec.linux->devices = {{"/dev/a", 'c', 1, 1 << 20, {}, {}, {}}};
    CHECK(fixture.refused().pointer == "/linux/devices/0/minor");
  }
  SECTION("a path that names no file is refused") {
    fixture.spec.linux->devices = {{"/", 'c', 1, 1, {}, {}, {}}};
    CHECK(fixture.refused().pointer == "/linux/devices/0/path");
  }
}
