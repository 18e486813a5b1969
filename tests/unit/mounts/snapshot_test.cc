// The words of containerd's snapshotters, planned.
#include "mounts/snapshot.h"

#include <sys/mount.h>

#include "tests/support/catch.h"

namespace {

using namespace myrt::mounts;
using Words = std::vector<std::string>;

SnapshotPlan planned(const SnapshotMount& mount) {
  const auto plan = plan_snapshot(mount);
  INFO((plan.ok() ? std::string() : plan.error().message));
  REQUIRE(plan.ok());
  return *plan;
}

NewFilesystem filesystem(const SnapshotMount& mount) {
  return std::get<NewFilesystem>(planned(mount));
}

}  // namespace

TEST_CASE("each layer of an overlay is a parameter of its own", "[mounts]") {
  const NewFilesystem overlay = filesystem(
      {"overlay", "overlay", {"index=off", "workdir=/w", "upperdir=/u", "lowerdir=/b:/a"}});
  CHECK(overlay.fstype == "overlay");
  CHECK(overlay.source == "overlay");
  CHECK(overlay.parameters ==
        Words{"index=off", "workdir=/w", "upperdir=/u", "lowerdir+=/b", "lowerdir+=/a"});
  CHECK(filesystem({"overlay", "o", {R"(lowerdir=/a\:b)"}}).parameters ==
        Words{R"(lowerdir=/a\:b)"});
  CHECK(filesystem({"overlay", "o", {"lowerdir=/a::/data"}}).parameters ==
        Words{"lowerdir=/a::/data"});
}

TEST_CASE("words of a snapshot are attributes, flags or the filesystem's", "[mounts]") {
  const NewFilesystem disk = filesystem({"ext4", "/dev/x", {"ro", "nosuid", "sync", "data=x"}});
  CHECK(disk.attributes == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID));
  CHECK(disk.superblock_flags == MS_SYNCHRONOUS);
  CHECK(disk.parameters == Words{"data=x", "ro"});
  CHECK(filesystem({"tmpfs", "t", {"ro", "rw"}}).attributes == 0);
  CHECK(filesystem({"ext4", "/dev/x", {R"(context="u:r:t:s0:c1,c2")", "a=\""}}).parameters ==
        Words{"context=u:r:t:s0:c1,c2", "a=\""});
}

TEST_CASE("a bind of a snapshot takes everything below it, where it says so", "[mounts]") {
  const auto tree = std::get<BindMount>(planned({"bind", "/s", {"rbind", "ro"}}));
  CHECK(tree.source == "/s");
  CHECK(tree.recursive == myrt::sys::Recursive::yes);
  REQUIRE(tree.changes.size() == 1);
  CHECK(tree.changes[0].set == MOUNT_ATTR_RDONLY);
  CHECK(tree.changes[0].recursive == myrt::sys::Recursive::no);
  const auto alone = std::get<BindMount>(planned({"bind", "/s", {}}));
  CHECK(alone.recursive == myrt::sys::Recursive::no);
  CHECK(alone.changes.empty());
}

TEST_CASE("what a snapshot cannot ask for is refused by name", "[mounts]") {
  for (const char* word :
       {"loop", "loop=/dev/loop0", "uidmap=0:1:2", "gidmap=0:1:2", "X-containerd.mkdir=x",
        "idmap=uids=0-1-1;gids=0-1-1", "ridmap=x", "ridmap", "remount", "idmap", "tmpcopyup",
        "copy-symlink", "src-nofollow", "dest-nofollow"}) {
    const auto plan = plan_snapshot({"erofs", "/image", {word}});
    REQUIRE_FALSE(plan.ok());
    CHECK(plan.error().code == myrt::ErrorCode::unsupported);
    const std::string text = word;
    CHECK(plan.error().message == "mount `/image` of type `erofs`: option `" + text + "`");
  }
}

TEST_CASE("an overlay of more than a page is shortened by what its layers share", "[mounts]") {
  CHECK(overlay_data({"workdir=/w", "lowerdir+=/v/12/fs", "lowerdir+=/v/1/fs", "ro", "x"}) ==
        OverlayData{"", "workdir=/w,lowerdir=/v/12/fs:/v/1/fs,x"});
  CHECK(overlay_data({"context=a,b", "index=off"}) ==
        OverlayData{"", R"(context="a,b",index=off)"});
  const std::string directory = "/var/lib/snapshots/with/a/long/name/";
  Words parameters = {"workdir=/w", "upperdir=/u"};
  std::string expected = "workdir=/w,upperdir=/u,lowerdir=";
  for (int i = 100; i < 200; ++i) {
    const std::string name = std::to_string(i) + "/fs";
    parameters.push_back("lowerdir+=" + directory + name);
    expected += (i == 100 ? "" : ":") + name;
  }
  CHECK(overlay_data(parameters) == OverlayData{directory, expected});
}
