// Snapshots become root filesystems: by the new mount API, and by mount(2) where it does not do.
#include "mounts/snapshot.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/mount_api.h"
#include "tests/integration/container_fixture.h"
#include "tests/integration/in_child.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace myrt;
using test::file_text;
using test::kFine;

// Mounts nothing that outlives the child: its mount namespace is its own, on a tmpfs, for an
// overlay may not lie on another one.
std::string in_mount_namespace(const std::function<std::string(const std::string&)>& body) {
  const test::TempDir directory;
  return test::in_child([&]() -> std::string {
    FAIL_UNLESS(::unshare(CLONE_NEWNS) == 0);
    FAIL_UNLESS_OK(sys::mount("", "/", "", MS_PRIVATE | MS_REC, ""));
    FAIL_UNLESS_OK(sys::mount("tmpfs", directory / "", "tmpfs", 0, ""));
    return body(directory / "");
  });
}

Result<> make_layer(const std::string& path, const std::string& name) {
  TRY(sys::make_directories(path, 0755));
  const sys::UniqueFd directory = TRY(sys::open(path, O_PATH | O_DIRECTORY));
  return sys::write_atomic_at(directory.get(), name, name, 0644);
}

// An overlay of `count` layers, each with a file of its number; the highest is 1. Paths are long
// enough that 60 of them fill more than one page.
struct Overlay {
  std::string top;
  mounts::SnapshotMount mount{"overlay", "overlay", {}};

  Result<> make(int count, const std::string& upper) {
    std::string lower;
    for (int i = 1; i <= count; ++i) {
      const std::string layer = fmt::format(
          "{}io.containerd.snapshotter.v1.overlayfs/snapshots/with/long/name/{}/fs", top, i);
      TRY(make_layer(layer, std::to_string(i)));
      lower += (i == 1 ? "" : ":") + layer;
    }
    TRY(sys::make_directories(top + "rootfs", 0755));
    TRY(sys::make_directories(top + upper + "/fs", 0755));
    TRY(sys::make_directories(top + upper + "/work", 0755));
    mount.options = {"index=off", "workdir=" + top + upper + "/work",
                     "upperdir=" + top + upper + "/fs", "lowerdir=" + lower};
    return {};
  }
};

std::string read_layer(int root_fd, const std::string& name) {
  return file_text(fmt::format("/proc/self/fd/{}/{}", root_fd, name));
}

}  // namespace

TEST_CASE("an overlay of more layers than fit a page is a detached mount", "[root][mounts]") {
  if (!test::is_root()) return;
  CHECK(in_mount_namespace([](const std::string& top) -> std::string {
          Overlay overlay{top};
          FAIL_UNLESS_OK(overlay.make(60, "u"));
          const auto plan = mounts::plan_snapshot(overlay.mount);
          FAIL_UNLESS_OK(plan);
          const auto tree = mounts::make_snapshot(*plan, top + "rootfs");
          FAIL_UNLESS_OK(tree);
          // Before Linux 6.8 there is no lowerdir+.
          const bool is_detached = tree->valid();
          const sys::UniqueFd root = sys::open(top + "rootfs", O_PATH | O_DIRECTORY).value();
          FAIL_UNLESS(read_layer(is_detached ? tree->get() : root.get(), "60") == "60");
          FAIL_UNLESS(read_layer(is_detached ? tree->get() : root.get(), "1") == "1");
          FAIL_UNLESS(test::mounted_at(top + "rootfs").empty() == is_detached);
          return kFine;
        }) == kFine);
}

TEST_CASE("what fsconfig cannot take is mounted by mount(2), however many layers",
          "[root][mounts]") {
  if (!test::is_root()) return;
  for (const int count : {2, 60}) {
    CHECK(in_mount_namespace([count](const std::string& top) -> std::string {
            Overlay overlay{top};
            FAIL_UNLESS_OK(overlay.make(count, std::string(250, 'u')));
            const auto plan = mounts::plan_snapshot(overlay.mount);
            FAIL_UNLESS_OK(plan);
            const auto tree = mounts::make_snapshot(*plan, top + "rootfs");
            FAIL_UNLESS_OK(tree);
            FAIL_UNLESS(!tree->valid());
            FAIL_UNLESS(file_text(top + "rootfs/" + std::to_string(count)) ==
                        std::to_string(count));
            FAIL_UNLESS(test::mounted_at(top + "rootfs").find("overlay") == 0);
            return kFine;
          }) == kFine);
  }
}

TEST_CASE("an overlay that cannot be mounted is an error in the kernel's words", "[root][mounts]") {
  if (!test::is_root()) return;
  CHECK(in_mount_namespace([](const std::string& top) -> std::string {
          const auto plan =
              mounts::plan_snapshot({"overlay", "overlay", {"lowerdir=" + top, "nosuch=1"}});
          FAIL_UNLESS_OK(plan);
          const auto tree = mounts::make_snapshot(*plan, top);
          FAIL_UNLESS(!tree.ok());
          FAIL_UNLESS(tree.error().message.find("nosuch") != std::string::npos);
          return kFine;
        }) == kFine);
}

TEST_CASE("a bind of a snapshot is a detached mount with its attributes", "[root][mounts]") {
  if (!test::is_root()) return;
  CHECK(in_mount_namespace([](const std::string& top) -> std::string {
          FAIL_UNLESS_OK(make_layer(top + "s", "x"));
          const auto plan = mounts::plan_snapshot({"bind", top + "s", {"rbind", "ro"}});
          FAIL_UNLESS_OK(plan);
          const auto tree = mounts::make_snapshot(*plan, top);
          FAIL_UNLESS_OK(tree);
          FAIL_UNLESS(read_layer(tree->get(), "x") == "x");
          const std::string file = fmt::format("/proc/self/fd/{}/x", tree->get());
          FAIL_UNLESS(!test::try_to_write(file, "y").empty());
          FAIL_UNLESS(test::try_to_write(top + "s/x", "y").empty());
          return kFine;
        }) == kFine);
}
