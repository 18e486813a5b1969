#include "mounts/plan.h"
#include "tests/unit/mounts/plan_fixture.h"

namespace {

using myrt::ErrorCode;
using myrt::test::PlanFixture;
namespace mounts = myrt::mounts;

std::string lines_of(const std::string& destination, const std::string& type,
                     const std::string& source, const std::vector<std::string>& options,
                     const std::string& rootfs_propagation = "") {
  PlanFixture fixture;
  fixture.spec.linux->rootfs_propagation = rootfs_propagation;
  fixture.add(destination, type, source, options);
  return fixture.mount_lines();
}

myrt::Error refusal_of(const std::string& destination, const std::string& type,
                       const std::string& source, const std::vector<std::string>& options) {
  PlanFixture fixture;
  fixture.add("/first", "tmpfs", "tmpfs", {});
  fixture.add(destination, type, source, options);
  return fixture.refused();
}

}  // namespace

TEST_CASE("a bind needs as few attribute calls as give its result",
          "[mounts][golden][MNT-08][OPT-05][OPT-08]") {
  struct Row {
    std::vector<std::string> options;
    const char* line;
  };
  const Row rows[] = {{{"bind"}, "mount 0: bind /s -> /d {slave}\n"},
                      {{"bind", "rro"}, "mount 0: bind /s -> /d {+ro slave}\n"},
                      {{"rbind"}, "mount 0: rbind /s -> /d r{slave}\n"},
                      {{"rbind", "rprivate"}, "mount 0: rbind /s -> /d r{private}\n"},
                      {{"rbind", "rslave"}, "mount 0: rbind /s -> /d r{slave}\n"},
                      {{"rbind", "rshared"}, "mount 0: rbind /s -> /d r{slave} r{shared}\n"},
                      {{"rbind", "private"}, "mount 0: rbind /s -> /d r{slave} {private}\n"},
                      {{"rbind", "rprivate", "rro"}, "mount 0: rbind /s -> /d r{+ro private}\n"},
                      {{"rbind", "ratime"}, "mount 0: rbind /s -> /d r{+relatime slave}\n"}};
  for (const Row& row : rows) CHECK(lines_of("/d", "none", "/s", row.options) == row.line);
}

// What follows "mount 0: bind /s -> /d ".
std::string changes_of(const std::vector<std::string>& options,
                       mounts::SourceLocks locks = mounts::SourceLocks::by_kernel) {
  PlanFixture fixture;
  fixture.inputs.source_locks = locks;
  fixture.spec.linux->rootfs_propagation = "shared";  // says nothing of its own
  fixture.add("/d", "bind", "/s", options);
  const std::string text = fixture.mount_lines();
  const std::size_t begin = text.find("/d ");
  return begin == std::string::npos ? "" : text.substr(begin + 3);
}

TEST_CASE("a bind that names an attribute loses the others of its source",
          "[mounts][golden][MNT-08][OPT-01][DIFF-42]") {
  CHECK(changes_of({"bind"}).empty());
  CHECK(changes_of({"ro"}) == "{+ro -nosuid,nodev,noexec,nosymfollow}\n");
  CHECK(changes_of({"dev"}) == "{-ro,nosuid,nodev,noexec,nosymfollow}\n");
  CHECK(changes_of({"ro", "nosuid"}) == "{+ro,nosuid -nodev,noexec,nosymfollow}\n");
  CHECK(changes_of({"nosymfollow"}) == "{+nosymfollow -ro,nosuid,nodev,noexec}\n");
  CHECK(changes_of({"rbind", "nosuid"}) == "{+nosuid -ro,nodev,noexec,nosymfollow}\n");
}

TEST_CASE("recursive words name nothing of the mount itself, and are not undone by one that does",
          "[mounts][golden][MNT-08][OPT-08]") {
  CHECK(changes_of({"rnosuid"}) == "{+nosuid}\n");
  CHECK(changes_of({"rro", "nosuid"}) == "{+ro,nosuid -nodev,noexec,nosymfollow}\n");
  CHECK(changes_of({"rbind", "rro", "nosuid"}) == "r{+ro} {+nosuid -nodev,noexec,nosymfollow}\n");
  CHECK(changes_of({"rro", "rw"}) == "{-ro,nosuid,nodev,noexec,nosymfollow}\n");
  CHECK(changes_of({"rbind", "rro", "rw"}) == "r{+ro} {-ro,nosuid,nodev,noexec,nosymfollow}\n");
}

TEST_CASE("a bind keeps the access times of its source unless a word chooses some",
          "[mounts][golden][MNT-08][OPT-01][DIFF-43]") {
  const std::string others = "-ro,nosuid,nodev,noexec,nosymfollow";
  const std::string others_and_nodiratime = "-ro,nosuid,nodev,noexec,nodiratime,nosymfollow";

  for (const char* word : {"atime", "diratime", "norelatime", "nostrictatime"}) {
    INFO(word);
    CHECK(changes_of({word}) == "{" + others + "}\n");
  }
  CHECK(changes_of({"noatime", "atime"}) == "{" + others + "}\n");
  CHECK(changes_of({"noatime"}) == "{+noatime " + others_and_nodiratime + "}\n");
  CHECK(changes_of({"relatime"}) == "{" + others_and_nodiratime + " +relatime}\n");
  CHECK(changes_of({"strictatime"}) == "{+strictatime " + others_and_nodiratime + "}\n");
  CHECK(changes_of({"noatime", "relatime"}) == "{+noatime " + others_and_nodiratime + "}\n");
  CHECK(changes_of({"nodiratime"}) == "{+nodiratime " + others + " +relatime}\n");
  CHECK(changes_of({"nodiratime", "norelatime"}) == "{+nodiratime " + others + " +relatime}\n");
  CHECK(changes_of({"nodiratime", "strictatime"}) == "{+strictatime,nodiratime " + others + "}\n");
}

TEST_CASE("a bind for a user namespace clears nothing that is locked there",
          "[mounts][golden][MNT-08][DIFF-42]") {
  const auto changes = [](const std::vector<std::string>& options) {
    return changes_of(options, mounts::SourceLocks::by_us);
  };
  CHECK(changes({"bind"}).empty());
  CHECK(changes({"ro"}) == "{+ro -nosymfollow}\n");
  CHECK(changes({"rw", "nosuid"}) == "{+nosuid -ro,nosymfollow locked ro}\n");
  CHECK(changes({"dev", "atime"}) == "{-nodev,nosymfollow locked nodev}\n");
  CHECK(changes({"noatime"}) == "{+noatime -nodiratime,nosymfollow locked atime}\n");
  CHECK(changes({"rrw"}) == "{locked ro}\n");
  CHECK(
      changes({"rbind", "rrw"}) ==
      "r{locked ro}\nwarning /mounts/0: recursive options clear nothing of what is mounted below a "
      "source in a user namespace: it is locked there\n");
}

TEST_CASE("the propagation of binds follows the root's", "[mounts][ROP-02][ROP-04][OPT-05]") {
  CHECK(lines_of("/d", "", "/s", {"rbind"}, "rprivate") == "mount 0: rbind /s -> /d r{private}\n");
  CHECK(lines_of("/d", "", "/s", {"rbind"}, "unbindable") ==
        "mount 0: rbind /s -> /d r{private}\n");
  CHECK(lines_of("/d", "", "/s", {"rbind", "rshared"}, "rshared") ==
        "mount 0: rbind /s -> /d r{shared}\n");
  CHECK(lines_of("/d", "", "/s", {"rbind"}, "shared") == "mount 0: rbind /s -> /d\n");
}

TEST_CASE("a destination may be given as a path of the host below the rootfs",
          "[mounts][golden][MNT-02][DIFF-44]") {
  CHECK(lines_of("/b/rootfs/d", "", "/s", {"bind"}) == "mount 0: bind /s -> /d {slave}\n");
  CHECK(lines_of("/b/rootfs/../rootfs//d", "", "/s", {"bind"}) ==
        "mount 0: bind /s -> /d {slave}\n");
  CHECK(lines_of("/b/rootfs2/d", "", "/s", {"bind"}) ==
        "mount 0: bind /s -> /b/rootfs2/d {slave}\n");
  CHECK(refusal_of("/b/rootfs", "", "/s", {"bind"}).pointer == "/mounts/1/destination");
  CHECK(refusal_of("/b/rootfs/proc/self", "", "/s", {"bind"}).pointer == "/mounts/1/destination");
}

TEST_CASE("a source below the rootfs is inside where earlier mounts have to do with it",
          "[mounts][golden][MNT-01][DIFF-44]") {
  const auto second_line = [](const std::string& source, const std::vector<std::string>& options) {
    PlanFixture fixture;
    fixture.spec.linux->rootfs_propagation = "shared";
    fixture.add("/m/x", "tmpfs", "t", {});
    fixture.add("/d", "", source, options);
    const std::string text = fixture.mount_lines();
    return text.substr(text.find('\n') + 1);
  };
  CHECK(second_line("/b/rootfs/m/x", {"bind"}) ==
        "mount 1: bind /b/rootfs/m/x -> /d inside:/m/x\n");
  CHECK(second_line("rootfs/m/x/y", {"bind"}) ==
        "mount 1: bind /b/rootfs/m/x/y -> /d inside:/m/x/y\n");
  CHECK(second_line("/b/rootfs/m", {"rbind"}) == "mount 1: rbind /b/rootfs/m -> /d inside:/m\n");
  CHECK(second_line("/b/rootfs", {"rbind"}) == "mount 1: rbind /b/rootfs -> /d inside:/\n");
  // Nothing of the mount is in these.
  CHECK(second_line("/b/rootfs/m", {"bind"}) == "mount 1: bind /b/rootfs/m -> /d\n");
  CHECK(second_line("/b/rootfs/m/xy", {"rbind"}) == "mount 1: rbind /b/rootfs/m/xy -> /d\n");
  CHECK(second_line("/m/x", {"bind"}) == "mount 1: bind /m/x -> /d\n");
  CHECK(second_line("/b/rootfs/m/x", {"bind", "src-nofollow"}) ==
        "mount 1: bind /b/rootfs/m/x -> /d src-nofollow\n");
}

TEST_CASE("a mount is a bind by its options or its type", "[mounts][MNT-05][MNT-06][MNT-07]") {
  CHECK(lines_of("/d", "bind", "rel", {}) == "mount 0: bind /b/rel -> /d {slave}\n");
  CHECK(lines_of("/d", "tmpfs", "/s", {"rbind"}) == "mount 0: rbind /s -> /d r{slave}\n");
  CHECK(refusal_of("/d", "bind", "", {}).pointer == "/mounts/1");
  CHECK(refusal_of("/d", "", "x", {}).pointer == "/mounts/1/type");
}

TEST_CASE("destinations are cleaned, and a relative one is a warning", "[mounts][MNT-02]") {
  CHECK(lines_of("/a//b/../c/", "tmpfs", "tmpfs", {"mode=1"}) ==
        "mount 0: tmpfs (tmpfs) -> /a/c [mode=1]\n");
  CHECK(lines_of("a", "tmpfs", "tmpfs", {"mode=1"}) ==
        "mount 0: tmpfs (tmpfs) -> /a [mode=1]\n"
        "warning /mounts/0/destination: relative path `a` is deprecated\n");
  CHECK(refusal_of("/x/..", "tmpfs", "tmpfs", {}).pointer == "/mounts/1/destination");
}

TEST_CASE("nothing but a procfs goes over /proc, and little below it",
          "[mounts][MNT-10][CVE-2019-19921]") {
  CHECK(refusal_of("/proc", "tmpfs", "tmpfs", {}).pointer == "/mounts/1/destination");
  CHECK(refusal_of("/proc/self", "bind", "/s", {}).pointer == "/mounts/1/destination");
  CHECK(refusal_of("/x/../proc/sys/kernel", "tmpfs", "tmpfs", {}).pointer ==
        "/mounts/1/destination");
  CHECK(refusal_of("/proc/uptimes", "bind", "/s", {}).pointer == "/mounts/1/destination");
  CHECK(lines_of("/proc/uptime", "bind", "/s", {}) == "mount 0: bind /s -> /proc/uptime {slave}\n");
  CHECK(lines_of("/proc", "bind", "/proc", {"rbind"}) ==
        "mount 0: rbind /proc -> /proc r{slave} must-be-procfs\n");
  CHECK(lines_of("/processes", "tmpfs", "tmpfs", {"mode=1"}) ==
        "mount 0: tmpfs (tmpfs) -> /processes [mode=1]\n");
}

TEST_CASE("data options on a bind are accepted with a warning", "[mounts][OPT-18]") {
  CHECK(lines_of("/d", "bind", "/s", {"mode=755", "sync"}) ==
        "mount 0: bind /s -> /d {slave}\n"
        "warning /mounts/0: option `mode=755` has no effect on a bind\n"
        "warning /mounts/0: options of a filesystem have no effect on a bind\n");
}

TEST_CASE("a new filesystem gets flags, parameters and propagation",
          "[mounts][golden][MNT-11][OPT-05][OPT-17]") {
  CHECK(lines_of("/d", "ext4", "/dev/loop0", {"ro", "noexec", "errors=panic", "sync", "shared"}) ==
        "mount 0: ext4 (/dev/loop0) -> /d ro,noexec sb:sync [errors=panic] [ro] {shared}\n");
  CHECK(lines_of("/d", "tmpfs", "tmpfs", {"ro", "tmpcopyup"}) ==
        "mount 0: tmpfs (tmpfs) -> /d inherit-mode copy-up at-the-end {+ro}\n");
  CHECK(lines_of("/d", "sysfs", "sysfs", {"rro", "rw"}) ==
        "mount 0: sysfs (sysfs) -> /d real-directory\n");
}

TEST_CASE("tmpcopyup is for tmpfs alone", "[mounts][OPT-15]") {
  CHECK(refusal_of("/d", "proc", "proc", {"tmpcopyup"}).pointer == "/mounts/1/options");
  CHECK(refusal_of("/d", "bind", "/s", {"tmpcopyup"}).pointer == "/mounts/1");
}

TEST_CASE("gid=5 of devpts is dropped where nobody has it", "[mounts][MNT-11]") {
  PlanFixture fixture;
  fixture.add("/dev/pts", "devpts", "devpts", {"newinstance", "gid=5"});
  fixture.inputs.user_namespace = mounts::UserNamespace::own;

  fixture.inputs.gid_mappings = {{0, 1000, 1}};
  CHECK(fixture.mount_lines() == "mount 0: devpts (devpts) -> /dev/pts [newinstance]\n");

  fixture.inputs.gid_mappings = {{0, 1000, 1}, {1, 100000, 5}};
  CHECK(fixture.mount_lines() == "mount 0: devpts (devpts) -> /dev/pts [newinstance] [gid=5]\n");
}

TEST_CASE("a remount is a step of its own", "[mounts][OPT-03]") {
  CHECK(lines_of("/d", "", "", {"remount", "ro", "size=1k"}) ==
        "mount 0: remount /d {+ro} [size=1k]\n");
  CHECK(lines_of("/d", "", "", {"remount", "bind", "nosuid"}) ==
        "mount 0: remount bind /d {+nosuid}\n");
}

TEST_CASE("id mappings come in pairs, or from a user namespace",
          "[mounts][IDM-02][IDM-03][IDM-05][IDM-06][IDM-07]") {
  PlanFixture fixture;
  myrt::oci::Mount& mount = fixture.add("/d", "bind", "/s", {"rbind", "rprivate"});

  SECTION("one without the other is refused") {
    mount.uid_mappings = {{0, 1000, 10}};
    CHECK(fixture.refused().pointer == "/mounts/0");
    mount.uid_mappings.clear();
    mount.gid_mappings = {{0, 1000, 10}};
    CHECK(fixture.refused().pointer == "/mounts/0");
  }
  SECTION("mappings without a word are applied to the mount alone") {
    mount.uid_mappings = {{0, 1000, 10}};
    mount.gid_mappings = {{0, 2000, 10}, {20, 3000, 1}};
    CHECK(fixture.mount_lines() ==
          "mount 0: rbind /s -> /d r{private} idmap uid 0:1000:10 gid 0:2000:10,20:3000:1\n");
  }
  SECTION("a word without mappings takes the container's") {
    mount.options.push_back("ridmap");
    CHECK(fixture.refused().pointer == "/mounts/0/options");
    fixture.inputs.user_namespace = mounts::UserNamespace::own;
    CHECK(fixture.mount_lines() ==
          "mount 0: rbind /s -> /d r{private} ridmap uid container gid container\n");
  }
  SECTION("crun's option has the mappings in it, also relative to the container's") {
    mount.options.push_back("ridmap=uids=0-1000-10;gids=5-@6-1");
    CHECK(fixture.refused().pointer == "/mounts/0/options/2");
    mount.options.back() = "ridmap=uids=0-1000-10;gids=@5-6-1";
    CHECK(fixture.refused().pointer == "/mounts/0/options");
    fixture.inputs.user_namespace = mounts::UserNamespace::own;
    fixture.inputs.gid_mappings = {{0, 70000, 100}};
    CHECK(fixture.mount_lines() ==
          "mount 0: rbind /s -> /d r{private} ridmap uid 0:1000:10 gid 5:70006:1\n");
    mount.uid_mappings = mount.gid_mappings = {{0, 1000, 10}};
    CHECK(fixture.refused().pointer == "/mounts/0");
  }
  SECTION("a new filesystem is mapped where it is not a user namespace's already") {
    mount.type = "tmpfs";
    mount.options = {"idmap"};
    CHECK(fixture.refused().pointer == "/mounts/0/options");
    mount.options = {"idmap=uids=0-1000-10;gids=0-2000-10"};
    CHECK(fixture.mount_lines() ==
          "mount 0: tmpfs (/s) -> /d inherit-mode idmap uid 0:1000:10 gid 0:2000:10\n");
    fixture.inputs.user_namespace = mounts::UserNamespace::own;
    CHECK(fixture.refused().code == ErrorCode::unsupported);
    CHECK(fixture.refused().pointer == "/mounts/0");
  }
}

TEST_CASE("cgroup v2 is a mount in a cgroup namespace and a bind without one",
          "[mounts][golden][MNT-09][CVE-2023-25809]") {
  PlanFixture fixture;
  fixture.add("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "ro"});
  fixture.inputs.cgroup.mode = mounts::CgroupView::Mode::v2;

  CHECK(fixture.refused().pointer == "/mounts/0");

  fixture.inputs.cgroup.hierarchies = {{"", "/sys/fs/cgroup", "/web1", {}}};
  CHECK(fixture.mount_lines() ==
        "mount 0: bind /sys/fs/cgroup/web1 -> /sys/fs/cgroup {+ro,nosuid,nodev,noexec slave}\n");

  fixture.inputs.cgroup_namespace = mounts::CgroupNamespace::own;
  CHECK(fixture.mount_lines() ==
        "mount 0: cgroup2 (cgroup) -> /sys/fs/cgroup ro,nosuid,nodev,noexec\n");
}

TEST_CASE("a container that may have no cgroup of its own is shown the one that it stays in",
          "[mounts][golden][contract-19]") {
  PlanFixture fixture;
  fixture.add("/sys/fs/cgroup", "cgroup", "cgroup", {"ro"});
  fixture.inputs.cgroup.mode = mounts::CgroupView::Mode::v1;
  fixture.inputs.cgroup.hierarchies = {{"cpu", "/sys/fs/cgroup/cpu", "/web1", {}, "/user"},
                                       {"pids", "/sys/fs/cgroup/pids", "/web1", {}, "/"}};
  const std::string text = fixture.mount_lines();
  CHECK(text.find(
            "bind /sys/fs/cgroup/cpu/web1 -> /sys/fs/cgroup/cpu or /sys/fs/cgroup/cpu/user\n") !=
        std::string::npos);
  CHECK(
      text.find("bind /sys/fs/cgroup/pids/web1 -> /sys/fs/cgroup/pids or /sys/fs/cgroup/pids\n") !=
      std::string::npos);
}

TEST_CASE("cgroup v1 is a tmpfs with a bind for each hierarchy", "[mounts][golden][MNT-09]") {
  PlanFixture fixture;
  fixture.add("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "ro", "rprivate"});
  fixture.inputs.cgroup.mode = mounts::CgroupView::Mode::hybrid;
  fixture.inputs.cgroup.hierarchies = {
      {"cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/web1", {"cpu", "cpuacct"}},
      {"memory", "/sys/fs/cgroup/memory", "/", {"memory"}},
      {"unified", "/sys/fs/cgroup/unified", "/web1", {}}};

  CHECK(fixture.mount_lines() ==
        "mount 0: tmpfs (tmpfs) -> /sys/fs/cgroup nosuid [mode=755] at-the-end "
        "r{+ro,nosuid private}\n"
        "mount 0: bind /sys/fs/cgroup/cpu,cpuacct/web1 -> /sys/fs/cgroup/cpu,cpuacct\n"
        "mount 0: bind /sys/fs/cgroup/memory -> /sys/fs/cgroup/memory\n"
        "mount 0: bind /sys/fs/cgroup/unified/web1 -> /sys/fs/cgroup/unified\n"
        "mount 0: symlink /sys/fs/cgroup/cpu -> cpu,cpuacct\n"
        "mount 0: symlink /sys/fs/cgroup/cpuacct -> cpu,cpuacct\n");
}
