#include "sys/mount_api.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "sys/files.h"

namespace myrt::sys {
namespace {

struct FlagName {
  unsigned long flag;
  std::string_view name;
};

// The words of mount(8) where it has one.
constexpr std::array<FlagName, 20> kMountFlagNames = {{
    {MS_RDONLY, "ro"},
    {MS_NOSUID, "nosuid"},
    {MS_NODEV, "nodev"},
    {MS_NOEXEC, "noexec"},
    {MS_SYNCHRONOUS, "sync"},
    {MS_REMOUNT, "remount"},
    {MS_MANDLOCK, "mand"},
    {MS_DIRSYNC, "dirsync"},
    {MS_NOATIME, "noatime"},
    {MS_NODIRATIME, "nodiratime"},
    {MS_BIND, "bind"},
    {MS_MOVE, "move"},
    {MS_REC, "rec"},
    {MS_SILENT, "silent"},
    {MS_UNBINDABLE, "unbindable"},
    {MS_PRIVATE, "private"},
    {MS_SLAVE, "slave"},
    {MS_SHARED, "shared"},
    {MS_RELATIME, "relatime"},
    {MS_STRICTATIME, "strictatime"},
}};

// " with ro,nosuid", or nothing when there are no flags.
std::string with_flags(unsigned long flags) {
  std::string text;
  for (const FlagName& entry : kMountFlagNames) {
    if ((flags & entry.flag) == 0) continue;
    text += text.empty() ? " with " : ",";
    text += entry.name;
    flags &= ~entry.flag;
  }
  if (flags != 0) text += fmt::format("{}{:#x}", text.empty() ? " with " : ",", flags);
  return text;
}

// What a reader can use of a target: the file behind a /proc/self/fd name.
std::string shown_target(const std::string& target) {
  if (!target.starts_with("/proc/self/fd/")) return target;
  Result<std::string> link = read_link_at(AT_FDCWD, target);
  return link.ok() ? std::move(link).value() : target;
}

// What the filesystem driver said about the last failures, e.g. "proc: Unknown parameter 'x'".
// Messages come one per read(2), as "e text\n" (w, i for warnings and notes).
std::string context_log(int fs_fd) {
  std::string log;
  std::array<char, 1024> buffer;
  for (int i = 0; i < 16; ++i) {
    const ssize_t count = ::read(fs_fd, buffer.data(), buffer.size());
    if (count <= 0) break;
    std::string_view line(buffer.data(), static_cast<std::size_t>(count));
    while (line.ends_with('\n')) line.remove_suffix(1);
    if (line.size() > 2 && line[1] == ' ') line.remove_prefix(2);
    log += log.empty() ? " (" : "; ";
    log += line;
  }
  if (!log.empty()) log += ")";
  return log;
}

Error context_error(int fs_fd, std::string_view syscall, std::string_view what, int errno_value) {
  Error error = errno_error(syscall, what, errno_value);
  error.message += context_log(fs_fd);
  return error;
}

Result<> move_mount(int mount_fd, int dirfd, const char* name, unsigned flags,
                    std::string_view what) {
  flags |= MOVE_MOUNT_F_EMPTY_PATH;
  if (::syscall(SYS_move_mount, mount_fd, "", dirfd, name, flags) == 0) return {};
  const int error = errno;
  return errno_error("move_mount", fmt::format("move mount to `{}`", what), error);
}

}  // namespace

Result<> mount(const std::string& source, const std::string& target, const std::string& fstype,
               unsigned long flags, const std::string& data) {
  const char* type = fstype.empty() ? nullptr : fstype.c_str();
  const char* options = data.empty() ? nullptr : data.c_str();
  if (::mount(source.c_str(), target.c_str(), type, flags, options) == 0) return {};
  const int error = errno;
  return errno_error(
      "mount", fmt::format("mount `{}` to `{}`{}", source, shown_target(target), with_flags(flags)),
      error);
}

Result<> umount(const std::string& target, int flags) {
  if (::umount2(target.c_str(), flags) == 0) return {};
  const int error = errno;
  return errno_error("umount2", fmt::format("unmount `{}`", shown_target(target)), error);
}

Result<UniqueFd> open_tree(int dirfd, const std::string& path, unsigned flags) {
  const long fd = ::syscall(SYS_open_tree, dirfd, path.c_str(), flags | OPEN_TREE_CLOEXEC);
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  const int error = errno;
  return errno_error(
      "open_tree",
      fmt::format("open tree `{}`", path.empty() ? shown_target(fd_path(dirfd)) : path), error);
}

Result<> move_mount_onto(int mount_fd, int target_fd, std::string_view what) {
  return move_mount(mount_fd, target_fd, "", MOVE_MOUNT_T_EMPTY_PATH, what);
}

Result<> move_mount_at(int mount_fd, int dirfd, const std::string& name, std::string_view what) {
  return move_mount(mount_fd, dirfd, name.c_str(), 0, what);
}

Result<> move_mount_to_path(int mount_fd, const std::string& path) {
  return move_mount(mount_fd, AT_FDCWD, path.c_str(), MOVE_MOUNT_T_SYMLINKS, path);
}

Result<UniqueFd> fsopen(const std::string& fstype) {
  const long fd = ::syscall(SYS_fsopen, fstype.c_str(), FSOPEN_CLOEXEC);
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  const int error = errno;
  return errno_error("fsopen", fmt::format("open filesystem `{}`", fstype), error);
}

Result<> fsconfig_flag(int fs_fd, const std::string& key) {
  if (::syscall(SYS_fsconfig, fs_fd, FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0) == 0) return {};
  const int error = errno;
  return context_error(fs_fd, "fsconfig", fmt::format("set filesystem option `{}`", key), error);
}

Result<> fsconfig_string(int fs_fd, const std::string& key, const std::string& value) {
  if (::syscall(SYS_fsconfig, fs_fd, FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0) == 0) {
    return {};
  }
  const int error = errno;
  return context_error(fs_fd, "fsconfig",
                       fmt::format("set filesystem option `{}` to `{}`", key, value), error);
}

Result<> fsconfig_create(int fs_fd) {
  if (::syscall(SYS_fsconfig, fs_fd, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0) return {};
  const int error = errno;
  return context_error(fs_fd, "fsconfig", "create filesystem", error);
}

Result<UniqueFd> fsmount(int fs_fd, std::uint64_t attributes) {
  const long fd = ::syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes));
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  const int error = errno;
  return context_error(fs_fd, "fsmount", "make a mount of the filesystem", error);
}

Result<> mount_setattr(int mount_fd, Recursive recursive, const MountAttributesChange& change) {
  struct mount_attr attributes = {};
  attributes.attr_set = change.set;
  attributes.attr_clr = change.clear;
  attributes.propagation = change.propagation;
  if (change.userns_fd >= 0) attributes.userns_fd = static_cast<std::uint64_t>(change.userns_fd);
  const unsigned flags = AT_EMPTY_PATH | (recursive == Recursive::yes ? AT_RECURSIVE : 0U);
  if (::syscall(SYS_mount_setattr, mount_fd, "", flags, &attributes, sizeof(attributes)) == 0) {
    return {};
  }
  const int error = errno;
  return errno_error(
      "mount_setattr",
      fmt::format("set mount attributes of `{}` (set {:#x}, clear {:#x}, propagation {:#x})",
                  shown_target(fd_path(mount_fd)), change.set, change.clear, change.propagation),
      error);
}

Result<MountPlace> mount_place(int fd) {
  constexpr unsigned kUniqueMountId = 0x4000;  // STATX_MNT_ID_UNIQUE, newer than our headers
  struct statx status = {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID | kUniqueMountId, &status) != 0) {
    return errno_error("statx", fmt::format("stat `{}`", shown_target(fd_path(fd))));
  }
  return MountPlace{status.stx_mnt_id, (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0};
}

Result<> pivot_root(const std::string& new_root, const std::string& put_old) {
  if (::syscall(SYS_pivot_root, new_root.c_str(), put_old.c_str()) == 0) return {};
  const int error = errno;
  return errno_error("pivot_root",
                     fmt::format("pivot root to `{}` with old root at `{}`", new_root, put_old),
                     error);
}

}  // namespace myrt::sys
