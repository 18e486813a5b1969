#include "sys/files.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace myrt::sys {
namespace {

constexpr std::size_t kShownValueBytes = 64;
constexpr std::size_t kMaxKernelFileBytes = 64U << 20U;

// A value as it appears in an error: device filters and the like can be pages long.
std::string shown(std::string_view value) {
  if (value.size() <= kShownValueBytes) return std::string(value);
  return std::string(value.substr(0, kShownValueBytes)) + "...";
}

// A name that nothing else uses, in the directory of `name`: rename(2) does not cross filesystems.
std::string temporary_name(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  const std::string directory = slash == std::string::npos ? "" : name.substr(0, slash + 1);
  return directory + ".myrt-" + random_hex(8);
}

// The last step of a replacement: the temporary is not left when it fails.
Result<> rename_over(int dirfd, const std::string& temporary, const std::string& name) {
  Result<> renamed = rename_at(dirfd, temporary, name);
  if (!renamed.ok()) ::unlinkat(dirfd, temporary.c_str(), 0);
  return renamed;
}

// A file without a name is gone with its last fd, whoever dies. False: the name is taken, or the
// filesystem (or /proc) has no such way.
Result<bool> link_new_file(int dirfd, const std::string& name, std::string_view bytes,
                           mode_t mode) {
  const std::size_t slash = name.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : name.substr(0, slash + 1);
  const auto file = open_at(dirfd, directory, O_TMPFILE | O_WRONLY, mode);
  if (!file.ok()) return false;
  TRY(write_all(file->get(), bytes, name));
  return ::linkat(AT_FDCWD, fd_path(file->get()).c_str(), dirfd, name.c_str(), AT_SYMLINK_FOLLOW) ==
         0;
}

enum class End : std::uint8_t { empty_read, short_read };

Result<std::string> read_until(End end, int fd, std::string_view what, std::size_t limit_bytes) {
  std::array<char, 16384> buffer;
  std::string text;
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0) {
      const int error = errno;
      if (error == EINTR) continue;
      return errno_error("read", fmt::format("read `{}`", what), error);
    }
    const auto size = static_cast<std::size_t>(count);
    if (size > limit_bytes - text.size()) {
      return make_error(ErrorCode::invalid_argument,
                        fmt::format("read `{}`: longer than {} bytes", what, limit_bytes));
    }
    text.append(buffer.data(), size);
    if (size == 0 || (end == End::short_read && size < buffer.size())) return text;
  }
}

}  // namespace

Result<UniqueFd> open_at(int dirfd, const std::string& path, int flags, mode_t mode) {
  for (;;) {
    const int fd = ::openat(dirfd, path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) return UniqueFd(fd);
    const int error = errno;
    // A FIFO's open blocks, and so can be interrupted.
    if (error != EINTR) return errno_error("openat", fmt::format("open `{}`", path), error);
  }
}

Result<std::string> read_all(int fd, std::string_view what, std::size_t limit_bytes) {
  return read_until(End::empty_read, fd, what, limit_bytes);
}

Result<std::string> read_kernel_file(int fd, std::string_view what) {
  return read_until(End::short_read, fd, what, kMaxKernelFileBytes);
}

Result<std::string> read_kernel_file(const std::string& path) {
  const UniqueFd fd = TRY(open(path, O_RDONLY));
  return read_kernel_file(fd.get(), path);
}

Result<std::string> read_file_at(int dirfd, const std::string& path, std::size_t limit_bytes) {
  const UniqueFd fd = TRY(open_at(dirfd, path, O_RDONLY));
  return read_all(fd.get(), path, limit_bytes);
}

Result<std::string> read_plain_file_at(int dirfd, const std::string& name,
                                       std::size_t limit_bytes) {
  const UniqueFd fd = TRY(open_at(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  return read_all(fd.get(), name, limit_bytes);
}

Result<> write_all(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0) {
      const int error = errno;
      if (error == EINTR) continue;
      return errno_error("write", fmt::format("write `{}`", what), error);
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<> write_kernel_file(int fd, std::string_view what, std::string_view value) {
  ssize_t count = 0;
  do {
    count = ::write(fd, value.data(), value.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    const int error = errno;
    return errno_error("write", fmt::format("write `{}` to `{}`", shown(value), what), error);
  }
  // The rest cannot be sent in a second write: the kernel would take it for a new value.
  if (static_cast<std::size_t>(count) != value.size()) {
    return make_error(ErrorCode::system,
                      fmt::format("write `{}` to `{}`: only {} of {} bytes were taken",
                                  shown(value), what, count, value.size()));
  }
  return {};
}

Result<> write_kernel_file_at(int dirfd, const std::string& path, std::string_view value) {
  int fd = -1;
  do {
    fd = ::openat(dirfd, path.c_str(), O_WRONLY | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    const int error = errno;
    return errno_error("openat", fmt::format("write `{}` to `{}`", shown(value), path), error);
  }
  const UniqueFd owner(fd);
  return write_kernel_file(fd, path, value);
}

Result<> write_new_file_at(int dirfd, const std::string& name, std::string_view bytes,
                           mode_t mode) {
  const UniqueFd fd = TRY(open_at(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
  Result<> written = write_all(fd.get(), bytes, name);
  if (!written.ok()) ::unlinkat(dirfd, name.c_str(), 0);
  return written;
}

Result<> write_atomic_at(int dirfd, const std::string& name, std::string_view bytes, mode_t mode) {
  if (TRY(link_new_file(dirfd, name, bytes, mode))) return {};
  const std::string temporary = temporary_name(name);
  TRY(write_new_file_at(dirfd, temporary, bytes, mode).context(fmt::format("write `{}`", name)));
  return rename_over(dirfd, temporary, name);
}

Result<> replace_file_at(int dirfd, const std::string& name, std::string_view bytes, mode_t mode) {
  const std::string temporary = name + ".new";
  const UniqueFd fd =
      TRY(open_at(dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode));
  Result<> written = write_all(fd.get(), bytes, name);
  if (written.ok()) return rename_over(dirfd, temporary, name);
  ::unlinkat(dirfd, temporary.c_str(), 0);
  return written;
}

Result<> rename_at(int dirfd, const std::string& from, const std::string& to) {
  if (::renameat(dirfd, from.c_str(), dirfd, to.c_str()) == 0) return {};
  const int error = errno;
  return errno_error("renameat", fmt::format("rename `{}` to `{}`", from, to), error);
}

bool exists_at(int dirfd, const std::string& path) {
  return ::faccessat(dirfd, path.c_str(), F_OK, 0) == 0;
}

Result<struct stat> stat_fd(int fd) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    const int error = errno;
    return errno_error("fstat", fmt::format("stat fd `{}`", fd), error);
  }
  return status;
}

Result<std::string> read_link_at(int dirfd, const std::string& path) {
  std::array<char, 4096> buffer;  // a link's text is shorter than PATH_MAX
  const ssize_t count = ::readlinkat(dirfd, path.c_str(), buffer.data(), buffer.size());
  if (count < 0) {
    const int error = errno;
    return errno_error("readlinkat", fmt::format("read link `{}`", path), error);
  }
  if (static_cast<std::size_t>(count) == buffer.size()) {
    return errno_error("readlinkat", fmt::format("read link `{}`", path), ENAMETOOLONG);
  }
  return std::string(buffer.data(), static_cast<std::size_t>(count));
}

std::string fd_path(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

std::string random_hex(std::size_t size_bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(size_bytes * 2);
  std::array<unsigned char, 256> buffer;  // the kernel fills up to 256 bytes without interruption
  while (hex.size() < size_bytes * 2) {
    const std::size_t wanted = std::min(size_bytes - hex.size() / 2, buffer.size());
    const ssize_t count = ::getrandom(buffer.data(), wanted, 0);
    for (ssize_t i = 0; i < count; ++i) {
      const unsigned char byte = buffer[static_cast<std::size_t>(i)];
      hex += kDigits[byte >> 4U];
      hex += kDigits[byte & 15U];
    }
  }
  return hex;
}

}  // namespace myrt::sys
