// Opening, reading, writing and locking of files, relative to a directory fd.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::sys {

// openat(2) with O_CLOEXEC always added. EINTR is retried. `path` is for host-side paths only;
// anything below a container's rootfs goes through sys/paths.h.
Result<UniqueFd> open_at(int dirfd, const std::string& path, int flags, mode_t mode = 0);
inline Result<UniqueFd> open(const std::string& path, int flags, mode_t mode = 0) {
  return open_at(AT_FDCWD, path, flags, mode);
}

// Everything from the current offset to EOF. Works on pipes and procfs (never trusts st_size).
// `what` names the file in the error. Errors: system; invalid_argument when longer than
// `limit_bytes`.
Result<std::string> read_all(int fd, std::string_view what, std::size_t limit_bytes = 64U << 20U);
Result<std::string> read_file_at(int dirfd, const std::string& path,
                                 std::size_t limit_bytes = 64U << 20U);
inline Result<std::string> read_file(const std::string& path) {
  return read_file_at(AT_FDCWD, path);
}
// The same of a file that may have been put there by anybody: what is no file (a FIFO, a symlink)
// neither blocks nor leads elsewhere. A FIFO reads as empty.
Result<std::string> read_plain_file_at(int dirfd, const std::string& name,
                                       std::size_t limit_bytes = 64U << 20U);

// The same of a file that the kernel makes up in one piece when it is read (cgroupfs, and most of
// procfs and sysfs): a read(2) that does not fill its buffer has got all of it.
Result<std::string> read_kernel_file(int fd, std::string_view what);
Result<std::string> read_kernel_file(const std::string& path);

// Writes all bytes, retrying short writes and EINTR.
Result<> write_all(int fd, std::string_view bytes, std::string_view what);

// Writes `value` to an existing kernel file (procfs, cgroupfs) with exactly one write(2): such
// files take a value whole. Opens O_WRONLY without O_CREAT or O_TRUNC. The error says: write
// `value` to `path`: words.
Result<> write_kernel_file_at(int dirfd, const std::string& path, std::string_view value);
// The same on a file that is already open for writing. `what` names it in the error.
Result<> write_kernel_file(int fd, std::string_view what, std::string_view value);

// Makes a new file (O_EXCL) and writes it. Leaves nothing on failure.
Result<> write_new_file_at(int dirfd, const std::string& name, std::string_view bytes, mode_t mode);
// Makes a file that has all its bytes from the moment it has a name, or replaces one. A new one is
// linked when it is complete (O_TMPFILE); else temporary name in the same directory, then
// renameat(2). Leaves no temporary on failure, and where there is no such file, or a filesystem
// without O_TMPFILE, none either when it is killed. No fsync: state lives on tmpfs and does not
// outlive a boot.
Result<> write_atomic_at(int dirfd, const std::string& name, std::string_view bytes, mode_t mode);
// The same in a directory that is the caller's alone: the temporary name is always the same, and
// what somebody who died has left there is overwritten.
Result<> replace_file_at(int dirfd, const std::string& name, std::string_view bytes, mode_t mode);

// renameat(2) within one directory.
Result<> rename_at(int dirfd, const std::string& from, const std::string& to);
Result<> mkdir_at(int dirfd, const std::string& path, mode_t mode);
// mkdir -p of a host-side path; existing directories are kept as they are.
Result<> make_directories(const std::string& path, mode_t mode);
// rm -rf below `dirfd`, by fd, never following symlinks or crossing into other mounts. A missing
// name is not an error.
Result<> remove_tree_at(int dirfd, const std::string& name);

bool exists_at(int dirfd, const std::string& path);
Result<struct stat> stat_fd(int fd);
// Names in a directory, without "." and "..", unsorted.
Result<std::vector<std::string>> list_directory(int dirfd);
Result<std::string> read_link_at(int dirfd, const std::string& path);

// flock(2). Waits no longer than `bound` for a lock that another one holds: then Error{timeout}.
Result<> lock_exclusive(int fd, std::chrono::milliseconds bound);
// Who took the lock on the file: the process that called flock(2), which may be gone when a child
// of it has inherited the fd. nullopt when nobody has, or it cannot be known.
std::optional<pid_t> lock_holder(int fd);

// The text of /proc/self/fd/<fd>, for handing an fd to a syscall that only takes paths.
std::string fd_path(int fd);

// Reads exactly `size` bytes of randomness (getrandom(2)) as lower-case hex.
std::string random_hex(std::size_t size_bytes);

}  // namespace myrt::sys
