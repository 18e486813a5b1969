#include <dirent.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "sys/files.h"

namespace myrt::sys {
namespace {

bool is_directory(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// A directory's fd for removing what is in it. A symlink, or another mount (EXDEV), that has come
// in its place is an error: neither may be emptied.
Result<UniqueFd> open_to_empty(int dirfd, const std::string& name) {
  struct open_how how = {};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  const long fd = ::syscall(SYS_openat2, dirfd, name.c_str(), &how, sizeof(how));
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  const int error = errno;
  return errno_error("openat2", fmt::format("remove `{}`", name), error);
}

// One name, whatever it is; a directory only when it is empty. True: it is gone. A mount point is
// EBUSY.
Result<bool> remove_one(int dirfd, const std::string& name) {
  if (::unlinkat(dirfd, name.c_str(), 0) == 0 || errno == ENOENT) return true;
  // Linux says EISDIR for a directory; POSIX, and so some filesystems, EPERM.
  int error = errno;
  if (error == EISDIR || error == EPERM) {
    if (::unlinkat(dirfd, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
    const int directory_error = errno;
    if (directory_error == ENOTEMPTY || directory_error == EEXIST) return false;
    if (directory_error != ENOTDIR) error = directory_error;
  }
  return errno_error("unlinkat", fmt::format("remove `{}`", name), error);
}

}  // namespace

Result<> mkdir_at(int dirfd, const std::string& path, mode_t mode) {
  if (::mkdirat(dirfd, path.c_str(), mode) == 0) return {};
  const int error = errno;
  return errno_error("mkdirat", fmt::format("mkdir `{}`", path), error);
}

Result<> make_directories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return {};
  int error = errno;
  if (error == ENOENT) {
    const std::size_t end = path.find_last_not_of('/');
    const std::size_t slash = end == std::string::npos ? end : path.rfind('/', end);
    if (slash != std::string::npos && slash > 0) {
      TRY(make_directories(path.substr(0, slash), mode));
      if (::mkdir(path.c_str(), mode) == 0) return {};
      error = errno;
    }
  }
  if (error == EEXIST) {
    if (is_directory(path)) return {};
    error = ENOTDIR;
  }
  return errno_error("mkdir", fmt::format("mkdir `{}`", path), error);
}

Result<> remove_tree_at(int dirfd, const std::string& name) {
  // A process that still adds files could keep this busy for ever.
  constexpr int kMaxRounds = 16;
  for (int round = 0; round < kMaxRounds; ++round) {
    if (TRY(remove_one(dirfd, name))) return {};
    Result<UniqueFd> directory = open_to_empty(dirfd, name);
    if (!directory.ok() && directory.error().errno_value == ENOENT) return {};
    const UniqueFd fd = TRY(std::move(directory));
    for (const std::string& entry : TRY(list_directory(fd.get()))) {
      TRY(remove_tree_at(fd.get(), entry).context(fmt::format("remove `{}`", name)));
    }
  }
  return errno_error("unlinkat", fmt::format("remove `{}`", name), ENOTEMPTY);
}

Result<std::vector<std::string>> list_directory(int dirfd) {
  // Its own open file: `dirfd` may be O_PATH, and its offset belongs to the caller.
  const UniqueFd fd = TRY(open_at(dirfd, ".", O_RDONLY | O_DIRECTORY));
  std::vector<std::string> names;
  alignas(struct dirent64) std::array<char, 16384> buffer;
  for (;;) {
    const long count = ::syscall(SYS_getdents64, fd.get(), buffer.data(), buffer.size());
    if (count < 0) {
      const int error = errno;
      return errno_error("getdents64", fmt::format("list fd `{}`", dirfd), error);
    }
    if (count == 0) return names;
    for (long offset = 0; offset < count;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(buffer.data() + offset);
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      offset += entry->d_reclen;
    }
  }
}

}  // namespace myrt::sys
