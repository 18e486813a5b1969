#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>

#include "mounts/apply_steps.h"
#include "sys/files.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

// A directory tree deeper than this is an attack on the stack or on the fd table.
constexpr int kMaxDepth = 256;

Result<> copy_directory(int from_fd, int to_fd, int depth_left);

Result<> copy_bytes(int from_fd, int to_fd, const std::string& name) {
  for (;;) {
    const ssize_t count = ::sendfile(to_fd, from_fd, nullptr, 1U << 30U);
    if (count == 0) return {};
    if (count < 0 && errno != EINTR) {
      return errno_error("sendfile", fmt::format("copy `{}`", name));
    }
  }
}

// Attributes that a tmpfs cannot hold are left behind, as cp -a does.
Result<> copy_one_xattr(int from_fd, int to_fd, const char* attribute) {
  const ssize_t size = ::fgetxattr(from_fd, attribute, nullptr, 0);
  if (size < 0) return {};
  std::string value(static_cast<std::size_t>(size), '\0');
  const ssize_t read = ::fgetxattr(from_fd, attribute, value.data(), value.size());
  if (read < 0) return {};
  if (::fsetxattr(to_fd, attribute, value.data(), static_cast<std::size_t>(read), 0) == 0) {
    return {};
  }
  if (errno == ENOTSUP || errno == EPERM) return {};
  return errno_error("fsetxattr", fmt::format("copy attribute `{}`", attribute));
}

Result<> copy_xattrs(int from_fd, int to_fd) {
  const ssize_t size = ::flistxattr(from_fd, nullptr, 0);
  if (size <= 0) return {};
  std::string names(static_cast<std::size_t>(size), '\0');
  const ssize_t read = ::flistxattr(from_fd, names.data(), names.size());
  if (read <= 0) return {};
  names.resize(static_cast<std::size_t>(read));
  for (std::size_t begin = 0; begin < names.size();) {
    const char* attribute = names.c_str() + begin;
    TRY(copy_one_xattr(from_fd, to_fd, attribute));
    begin += std::char_traits<char>::length(attribute) + 1;
  }
  return {};
}

// Owner before mode, since chown clears set-id bits; times last.
Result<> copy_attributes(int from_fd, int to_fd, const struct stat& status,
                         const std::string& name) {
  if (::fchown(to_fd, status.st_uid, status.st_gid) != 0) {
    return errno_error("fchown", fmt::format("chown `{}`", name));
  }
  TRY(copy_xattrs(from_fd, to_fd));
  if (::fchmod(to_fd, status.st_mode & 07777U) != 0) {
    return errno_error("fchmod", fmt::format("chmod `{}`", name));
  }
  const std::array<struct timespec, 2> times = {status.st_atim, status.st_mtim};
  if (::futimens(to_fd, times.data()) != 0) {
    return errno_error("futimens", fmt::format("set the times of `{}`", name));
  }
  return {};
}

Result<> copy_file(int from_dir, int to_dir, const std::string& name) {
  // O_NONBLOCK: it may have become a fifo since it was looked at.
  const UniqueFd from = TRY(sys::open_at(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  const struct stat status = TRY(sys::stat_fd(from.get()));
  if (!S_ISREG(status.st_mode)) {
    return make_error(ErrorCode::unsupported, fmt::format("`{}` changes while it is copied", name));
  }
  const UniqueFd to =
      TRY(sys::open_at(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  TRY(copy_bytes(from.get(), to.get(), name));
  return copy_attributes(from.get(), to.get(), status, name);
}

Result<> copy_subdirectory(int from_dir, int to_dir, const std::string& name, int depth_left) {
  const UniqueFd from = TRY(sys::open_at(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(sys::mkdir_at(to_dir, name, 0700));
  const UniqueFd to = TRY(sys::open_at(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return copy_directory(from.get(), to.get(), depth_left - 1);
}

Result<> copy_owner_of_entry(int to_dir, const std::string& name, const struct stat& status) {
  if (::fchownat(to_dir, name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) == 0) {
    return {};
  }
  return errno_error("fchownat", fmt::format("chown `{}`", name));
}

Result<> copy_symlink(int from_dir, int to_dir, const std::string& name,
                      const struct stat& status) {
  const std::string text = TRY(sys::read_link_at(from_dir, name));
  if (::symlinkat(text.c_str(), to_dir, name.c_str()) != 0) {
    return errno_error("symlinkat", fmt::format("symlink `{}`", name));
  }
  return copy_owner_of_entry(to_dir, name, status);
}

Result<> copy_node(int to_dir, const std::string& name, const struct stat& status) {
  if (::mknodat(to_dir, name.c_str(), status.st_mode, status.st_rdev) != 0) {
    return errno_error("mknodat", fmt::format("make node `{}`", name));
  }
  return copy_owner_of_entry(to_dir, name, status);
}

Result<> copy_entry(int from_dir, int to_dir, const std::string& name, int depth_left) {
  struct stat status = {};
  if (::fstatat(from_dir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("fstatat", fmt::format("stat `{}`", name));
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFDIR:
      return copy_subdirectory(from_dir, to_dir, name, depth_left);
    case S_IFREG:
      return copy_file(from_dir, to_dir, name);
    case S_IFLNK:
      return copy_symlink(from_dir, to_dir, name, status);
    case S_IFSOCK:
      return {};  // means nothing without the process that bound it
    default:
      return copy_node(to_dir, name, status);
  }
}

Result<> copy_directory(int from_fd, int to_fd, int depth_left) {
  if (depth_left <= 0) return errno_error("openat", "copy a directory", ELOOP);
  const struct stat status = TRY(sys::stat_fd(from_fd));
  for (const std::string& name : TRY(sys::list_directory(from_fd))) {
    TRY(copy_entry(from_fd, to_fd, name, depth_left));
  }
  return copy_attributes(from_fd, to_fd, status, ".");
}

}  // namespace

Result<> copy_tree(int from_fd, int to_fd) {
  // Readable fds of their own: the given ones may be O_PATH.
  const UniqueFd from = TRY(sys::open_at(from_fd, ".", O_RDONLY | O_DIRECTORY));
  const UniqueFd to = TRY(sys::open_at(to_fd, ".", O_RDONLY | O_DIRECTORY));
  return copy_directory(from.get(), to.get(), kMaxDepth);
}

}  // namespace myrt::mounts
