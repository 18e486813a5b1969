#include "runtime/init/sealed_self.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <string_view>

#include "runtime/init/seal_number.h"
#include "sys/files.h"
#include "sys/mount_api.h"
#include "sys/unique_fd.h"
#include "sys/weakness.h"

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
  const sys::UniqueFd tree = TRY(sys::open_tree(AT_FDCWD, kSelf, OPEN_TREE_CLONE));
  TRY(sys::mount_setattr(tree.get(), sys::Recursive::no, {.set = MOUNT_ATTR_RDONLY}));
  sys::UniqueFd kept(::fcntl(tree.get(), F_DUPFD, kLowestSealFd));
  if (!kept.valid()) return errno_error("fcntl", "keep the clone of myrt");
  return kept;
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
  if (sys::weakened("without-seal")) return {};
  if (TRY(is_sealed())) return {};
  auto binary = read_only_clone();
  if (!binary.ok()) binary = sealed_copy();
  const sys::UniqueFd fd = TRY(std::move(binary));
  ::syscall(SYS_execveat, fd.get(), "", argv, envp, AT_EMPTY_PATH);
  return errno_error("execveat", "execute the sealed copy of myrt");
}

// The kernel itself says what it has executed: an fd that has no name is /dev/fd/N. Numbers below
// ours are those of a caller who executes an fd of its own.
sys::LateClose take_seal() {
  constexpr std::string_view kPrefix = "/dev/fd/";
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the vector has numbers only.
  const auto* text = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  std::string_view name = text == nullptr ? std::string_view() : std::string_view(text);
  if (!name.starts_with(kPrefix)) return {};
  name.remove_prefix(kPrefix.size());
  int fd = -1;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), fd);
  if (parsed.ptr != name.data() + name.size() || fd < kLowestSealFd) return {};
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return {};
  return sys::LateClose(sys::UniqueFd(fd));
}

}  // namespace myrt::init
