#include "sys/mount_api.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "sys/files.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/sys/child.h"

namespace myrt::sys {
namespace {

using test::TempDir;

TEST_CASE("a failed mount names source, target and flags", "[sys][mount_api]") {
  // Without privileges the kernel may answer before it looks at the paths.
  CHECK(mount("proc", "/proc/nonexistent/a", "proc", 0, "")
            .error()
            .message.starts_with("mount `proc` to `/proc/nonexistent/a`: "));
  CHECK(mount("a", "/proc/nonexistent/a", "", MS_BIND | MS_REC | MS_NOSUID, "")
            .error()
            .message.starts_with("mount `a` to `/proc/nonexistent/a` with nosuid,bind,rec: "));
  CHECK(mount("a", "/proc/nonexistent/a", "", MS_RDONLY | (1UL << 27U), "")
            .error()
            .message.starts_with("mount `a` to `/proc/nonexistent/a` with ro,0x8000000: "));
  CHECK(umount("/proc/nonexistent/a", 0)
            .error()
            .message.starts_with("unmount `/proc/nonexistent/a`: "));
}

TEST_CASE("a target given as an fd is shown by its name", "[sys][mount_api]") {
  const TempDir dir;
  const Result<UniqueFd> file = open(dir.write("file", ""), O_PATH);

  // Not a mount point (EINVAL), or not allowed to (EPERM).
  const std::string message = umount(fd_path(file->get()), 0).error().message;

  CHECK(message.starts_with("unmount `" + (dir / "file") + "`: "));
}

TEST_CASE("a tree that does not exist cannot be opened", "[sys][mount_api]") {
  const TempDir dir;
  const Result<UniqueFd> fd = open(dir.path(), O_PATH | O_DIRECTORY);

  CHECK(open_tree(fd->get(), "missing", 0).error().message ==
        "open tree `missing`: no such file or directory");
  CHECK((::fcntl(open_tree(fd->get(), "", AT_EMPTY_PATH)->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("operations on fds that are none say what they were for", "[sys][mount_api]") {
  CHECK(move_mount_onto(-1, -1, "/proc").error().message.starts_with("move mount to `/proc`: "));
  MountAttributesChange change;
  change.set = MOUNT_ATTR_RDONLY;
  CHECK(mount_setattr(-1, Recursive::yes, change)
            .error()
            .message.starts_with("set mount attributes of `/proc/self/fd/-1` (set 0x1, clear 0x0, "
                                 "propagation 0x0): "));
  CHECK(fsconfig_string(-1, "size", "1k")
            .error()
            .message.starts_with("set filesystem option `size` to `1k`: "));
  CHECK(fsconfig_flag(-1, "ro").error().message.starts_with("set filesystem option `ro`: "));
  CHECK(fsconfig_create(-1).error().message.starts_with("create filesystem: "));
  CHECK(fsmount(-1, 0).error().message.starts_with("make a mount of the filesystem: "));
  CHECK(pivot_root("/proc/nonexistent/a", "/proc/nonexistent/b")
            .error()
            .message.starts_with("pivot root to `/proc/nonexistent/a` with old root at "
                                 "`/proc/nonexistent/b`: "));
}

// Makes a tmpfs by the new mount API, puts it on `target`, and takes it away again.
Result<std::string> mount_tmpfs(const std::string& target) {
  const UniqueFd context = TRY(fsopen("tmpfs"));
  TRY(fsconfig_string(context.get(), "size", "64k"));
  TRY(fsconfig_flag(context.get(), "ro"));
  TRY(fsconfig_create(context.get()));
  const UniqueFd mounted = TRY(fsmount(context.get(), MOUNT_ATTR_NOSUID));
  const UniqueFd directory = TRY(open(target, O_PATH | O_DIRECTORY));
  TRY(move_mount_onto(mounted.get(), directory.get(), target));
  struct statfs status = {};
  ::statfs(target.c_str(), &status);
  const bool nosuid = (status.f_flags & ST_NOSUID) != 0;
  MountAttributesChange change;
  change.set = MOUNT_ATTR_NODEV;
  change.clear = MOUNT_ATTR_NOSUID;
  TRY(mount_setattr(mounted.get(), Recursive::yes, change));
  struct statfs changed = {};
  ::statfs(target.c_str(), &changed);
  TRY(umount(target, MNT_DETACH));
  struct statfs gone = {};
  ::statfs(target.c_str(), &gone);
  return fmt::format("tmpfs {} nosuid {} then nosuid {} nodev {}, gone {}",
                     status.f_type == TMPFS_MAGIC, nosuid, (changed.f_flags & ST_NOSUID) != 0,
                     (changed.f_flags & ST_NODEV) != 0, gone.f_type != status.f_type);
}

TEST_CASE("a filesystem is made, moved, changed and unmounted by fd", "[sys][mount_api]") {
  const std::string text = test::run_in_child(CLONE_NEWUSER | CLONE_NEWNS, []() -> std::string {
    // On top of /proc, which is no tmpfs anywhere.
    const Result<std::string> result = mount_tmpfs("/proc");
    return result.ok() ? *result : result.error().message;
  });
  if (text == test::kNoNamespaces) {
    WARN(text);
    return;
  }

  CHECK(text == "tmpfs true nosuid true then nosuid false nodev true, gone true");
}

TEST_CASE("what the filesystem driver says is part of the error", "[sys][mount_api]") {
  const std::string text = test::run_in_child(CLONE_NEWUSER | CLONE_NEWNS, []() -> std::string {
    const Result<UniqueFd> context = fsopen("tmpfs");
    if (!context.ok()) return context.error().message;
    return test::outcome(fsconfig_string(context->get(), "size", "much"));
  });
  if (text == test::kNoNamespaces) {
    WARN(text);
    return;
  }

  CHECK(text ==
        "set filesystem option `size` to `much`: invalid argument (tmpfs: Bad value for 'size')");
}

}  // namespace
}  // namespace myrt::sys
