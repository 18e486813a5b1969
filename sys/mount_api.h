// mount(2) and its successors, one thin function per syscall, operands in every error.
#pragma once

#include <linux/mount.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::sys {

// mount(2). `data` empty means NULL. Target is a host path or fd_path(fd).
Result<> mount(const std::string& source, const std::string& target, const std::string& fstype,
               unsigned long flags, const std::string& data);
Result<> umount(const std::string& target, int flags);

// open_tree(2); flags gets OPEN_TREE_CLOEXEC. With OPEN_TREE_CLONE the result is a detached mount
// that dies with its fd.
Result<UniqueFd> open_tree(int dirfd, const std::string& path, unsigned flags);
// move_mount(2) from an fd onto an fd (F_EMPTY_PATH|T_EMPTY_PATH). `what` names the target in the
// error.
Result<> move_mount_onto(int mount_fd, int target_fd, std::string_view what);
// The same onto `name` in the directory `dirfd`; a symlink there is not followed.
Result<> move_mount_at(int mount_fd, int dirfd, const std::string& name, std::string_view what);
// The same onto a host-side path, following symlinks.
Result<> move_mount_to_path(int mount_fd, const std::string& path);
Result<UniqueFd> fsopen(const std::string& fstype);
Result<> fsconfig_flag(int fs_fd, const std::string& key);
Result<> fsconfig_string(int fs_fd, const std::string& key, const std::string& value);
Result<> fsconfig_create(int fs_fd);
// fsmount(2) with FSMOUNT_CLOEXEC. `attributes` are MOUNT_ATTR_*. On failure the kernel's
// fs-context log is part of the text.
Result<UniqueFd> fsmount(int fs_fd, std::uint64_t attributes);

// mount_setattr(2) on an fd (AT_EMPTY_PATH). `recursive` adds AT_RECURSIVE.
enum class Recursive : std::uint8_t { no, yes };
struct MountAttributesChange {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  std::uint64_t propagation = 0;  // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE or 0
  int userns_fd = -1;             // for MOUNT_ATTR_IDMAP in `set`
};
Result<> mount_setattr(int mount_fd, Recursive recursive, const MountAttributesChange& change);

// Which mount an fd is on, and whether it is that mount's root (statx(2)). From Linux 6.8 on the id
// is never given to another mount; before that the kernel may reuse it.
struct MountPlace {
  std::uint64_t mount_id = 0;
  bool is_mount_root = false;
};
Result<MountPlace> mount_place(int fd);

// pivot_root(2) through the raw syscall.
Result<> pivot_root(const std::string& new_root, const std::string& put_old);

}  // namespace myrt::sys
