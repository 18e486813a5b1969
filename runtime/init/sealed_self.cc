#include "runtime/init/sealed_self.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/files.h"
#include "sys/mount_api.h"
#include "sys/unique_fd.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3; older kernels refuse it and get the call without
#endif

namespace myrt::init {
namespace {

constexpr const char* kSelf = "/proc/self/exe";
constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

// One statfs(2) in the common case: the clone is a read-only mount, and so is a /usr that the host
// keeps read-only.
Result<bool> is_sealed() {
  struct statfs filesystem = {};
  if (::statfs(kSelf, &filesystem) != 0) return errno_error("statfs", "statfs `/proc/self/exe`");
  if ((filesystem.f_flags & ST_RDONLY) != 0) return true;
  if (filesystem.f_type != TMPFS_MAGIC) return false;  // memfds live there
  const sys::UniqueFd self = TRY(sys::open(kSelf, O_RDONLY));
  const int seals = ::fcntl(self.get(), F_GET_SEALS);
  return seals >= 0 && (seals & kAllSeals) == kAllSeals;
}

Result<sys::UniqueFd> read_only_clone() {
  sys::UniqueFd tree = TRY(sys::open_tree(AT_FDCWD, kSelf, OPEN_TREE_CLONE));
  TRY(sys::mount_setattr(tree.get(), sys::Recursive::no, {.set = MOUNT_ATTR_RDONLY}));
  return tree;
}

Result<sys::UniqueFd> sealed_copy() {
  const sys::UniqueFd self = TRY(sys::open(kSelf, O_RDONLY));
  sys::UniqueFd copy(::memfd_create("myrt", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC));
  if (!copy.valid() && errno == EINVAL) {
    copy = sys::UniqueFd(::memfd_create("myrt", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  }
  if (!copy.valid()) return errno_error("memfd_create", "make a sealed copy of myrt");
  const auto status = TRY(sys::stat_fd(self.get()));
  off_t done = 0;
  while (done < status.st_size) {
    const auto left = static_cast<std::size_t>(status.st_size - done);
    if (::sendfile(copy.get(), self.get(), &done, left) <= 0) {
      return errno_error("sendfile", "make a sealed copy of myrt");
    }
  }
  if (::fcntl(copy.get(), F_ADD_SEALS, kAllSeals) != 0) {
    return errno_error("fcntl", "seal the copy of myrt");
  }
  return copy;
}

}  // namespace

Result<> seal_self(char** argv, char** envp) {
  if (TRY(is_sealed())) return {};
  auto binary = read_only_clone();
  if (!binary.ok()) binary = sealed_copy();
  const sys::UniqueFd fd = TRY(std::move(binary));
  ::syscall(SYS_execveat, fd.get(), "", argv, envp, AT_EMPTY_PATH);
  return errno_error("execveat", "execute the sealed copy of myrt");
}

}  // namespace myrt::init
