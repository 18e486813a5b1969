#include "sys/procfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sys/files.h"
#include "sys/mount_api.h"
#include "sys/weakness.h"

namespace myrt::sys {
namespace {

constexpr ino_t kProcRootInode = 1;  // PROC_ROOT_INO of the kernel

// Proves that the fd is the root of a procfs and not something mounted over it.
Result<> check_is_procfs_root(int fd) {
  struct statfs filesystem = {};
  if (::fstatfs(fd, &filesystem) != 0) {
    const int error = errno;
    return errno_error("fstatfs", "check `/proc`", error);
  }
  const struct stat status = TRY(stat_fd(fd));
  if (filesystem.f_type != PROC_SUPER_MAGIC || status.st_ino != kProcRootInode) {
    return make_error(ErrorCode::unsupported, "`/proc`: is not the root of a procfs");
  }
  return {};
}

// 0, or the errno of openat2.
int open_below(int root, const std::string& path, int flags, UniqueFd& opened) {
  struct open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS;
  constexpr int kMaxRaceRetries = 64;  // EAGAIN: a rename anywhere raced with a ".."
  int error = 0;
  for (int i = 0; i < kMaxRaceRetries; ++i) {
    const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how));
    if (fd >= 0) {
      opened = UniqueFd(static_cast<int>(fd));
      return 0;
    }
    error = errno;
    if (error != EAGAIN && error != EINTR) break;
  }
  return error;
}

// A procfs with nothing mounted over its files, attached nowhere. First a copy of the mount without
// what is on it: it has the same pids. That needs a mount of our own namespace without locked
// children; where it fails, a new one of the current pid namespace.
Result<UniqueFd> open_private_procfs(int root) {
  Result<UniqueFd> copy = open_tree(root, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
  if (copy.ok()) return copy;
  const UniqueFd context = TRY(fsopen("proc"));
  TRY(fsconfig_create(context.get()));
  return fsmount(context.get(), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

}  // namespace

Result<Procfs> Procfs::open() {
  UniqueFd root = TRY(sys::open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW));
  TRY(check_is_procfs_root(root.get()));
  return Procfs(std::move(root));
}

Result<UniqueFd> Procfs::open_at(const std::string& path, int flags) const {
  if (weakened("without-private-procfs")) return sys::open("/proc/" + path, flags);
  UniqueFd fd;
  int error = open_below(root_.get(), path, flags, fd);
  if (error == EXDEV) {
    const Result<UniqueFd> unmasked = open_private_procfs(root_.get());
    if (!unmasked.ok()) {
      Error masked = errno_error("openat2", fmt::format("open `/proc/{}`", path), EXDEV);
      masked.message += fmt::format(" (something is mounted over it, and no private procfs: {})",
                                    unmasked.error().message);
      return masked;
    }
    TRY(check_is_procfs_root(unmasked->get()));
    error = open_below(unmasked->get(), path, flags, fd);
  }
  if (error != 0) return errno_error("openat2", fmt::format("open `/proc/{}`", path), error);
  return fd;
}

Result<std::string> Procfs::read(const std::string& path) const {
  const UniqueFd fd = TRY(open_at(path, O_RDONLY));
  // Tables (mountinfo, maps, uid_map, locks) come a page at a time: only nothing is their end.
  return read_all(fd.get(), "/proc/" + path);
}

Result<> Procfs::write(const std::string& path, std::string_view value) const {
  const UniqueFd fd = TRY(open_at(path, O_WRONLY));
  return write_kernel_file(fd.get(), "/proc/" + path, value);
}

}  // namespace myrt::sys
