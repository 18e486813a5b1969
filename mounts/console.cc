#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "mounts/apply.h"
#include "mounts/targets.h"
#include "sys/files.h"
#include "sys/paths.h"
#include "sys/weakness.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

// UNIX98_PTY_SLAVE_MAJOR and the seven after it.
constexpr unsigned kFirstSlaveMajor = 136;
constexpr unsigned kLastSlaveMajor = 143;

Result<> check_is_pty_slave(int fd) {
  if (sys::weakened("without-devpts-check")) return {};
  struct statfs filesystem = {};
  if (::fstatfs(fd, &filesystem) != 0) return errno_error("fstatfs", "stat the terminal");
  const struct stat status = TRY(sys::stat_fd(fd));
  const unsigned number = major(status.st_rdev);
  if (filesystem.f_type == DEVPTS_SUPER_MAGIC && S_ISCHR(status.st_mode) &&
      number >= kFirstSlaveMajor && number <= kLastSlaveMajor) {
    return {};
  }
  return make_error(ErrorCode::invalid_argument, "the terminal is no slave of a devpts");
}

}  // namespace

Result<> mount_console(const Root& root, int pty_slave_fd) {
  TRY(check_is_pty_slave(pty_slave_fd));
  const sys::ParentAndName at = TRY(sys::make_parent_in_root(root.fd.get(), "/dev/console"));
  const UniqueFd target = TRY(make_file_nofollow(at.parent.get(), at.name, 0620));
  // From the fd, not from a name below /dev/pts that could be swapped (CVE-2025-52565).
  sys::stop_point("console");
  const bool by_path = sys::weakened("without-console-fd");
  const UniqueFd tree =
      TRY(by_path ? sys::open_tree(AT_FDCWD, "/dev/pts/0", OPEN_TREE_CLONE)
                  : sys::open_tree(pty_slave_fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH));
  return sys::move_mount_onto(tree.get(), target.get(), "/dev/console");
}

}  // namespace myrt::mounts
