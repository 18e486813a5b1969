// Paths below a container's rootfs, resolved by the kernel so that no symlink, "..", or race leads
// out (openat2(2)).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::sys {

// Opens `path` as if `root_fd` were "/" (RESOLVE_IN_ROOT): absolute symlinks and ".." stay inside.
// Magic links are refused (RESOLVE_NO_MAGICLINKS). O_CLOEXEC is always added. EAGAIN (a racing
// rename) is retried a bounded number of times. Guards against the class of CVE-2021-30465 and
// CVE-2019-19921.
Result<UniqueFd> open_in_root(int root_fd, std::string_view path, int flags, mode_t mode = 0);
// As open_in_root, but the last component is not followed when it is a symlink (O_PATH|O_NOFOLLOW
// gives the link itself).
Result<UniqueFd> open_in_root_nofollow(int root_fd, std::string_view path, int flags);
// As open_in_root, but a symlink anywhere on the way is an error (RESOLVE_NO_SYMLINKS).
Result<UniqueFd> open_in_root_without_symlinks(int root_fd, std::string_view path, int flags);
// Like open_in_root, but leaving `root_fd` is an error, not clamped (RESOLVE_BENEATH): for cgroup
// sub-paths.
Result<UniqueFd> open_beneath(int root_fd, std::string_view path, int flags, mode_t mode = 0);

// mkdir -p inside the root, one component at a time by fd (CVE-2024-45310: MkdirAll on strings).
// Symlinks on the way are followed inside the root, also dangling ones (their target is made).
// Returns an fd of the last directory (O_PATH when it existed before). New directories get `mode`,
// whatever the umask.
Result<UniqueFd> make_directories_in_root(int root_fd, std::string_view path, mode_t mode);

// Makes sure that something which can be mounted on exists at `path`: a directory, or an empty file
// (0644 and its parents 0755). What exists is kept as it is. Returns an O_PATH fd of it.
Result<UniqueFd> make_mount_target(int root_fd, std::string_view path, bool directory);

// Opens the directory that holds the last component of `path` (making parents 0755) and gives that
// component's name. The name is never empty, "." or "..". For mknodat, symlinkat and unlinkat
// inside a rootfs.
struct ParentAndName {
  UniqueFd parent;
  std::string name;
};
Result<ParentAndName> make_parent_in_root(int root_fd, std::string_view path);

// Lexically clean path: no ".", "..", "//"; always absolute ("/" is the root).
std::string clean_absolute(std::string_view path);

}  // namespace myrt::sys
