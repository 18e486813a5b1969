// Destinations inside the container's root, opened once and used by fd. Internal to mounts/.
#pragma once

#include <string>
#include <string_view>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::mounts {

enum class TargetKind : std::uint8_t { directory, file };

struct Target {
  sys::UniqueFd fd;  // O_PATH; empty when the target is `name` in `parent_fd`
  bool existed = true;
  int parent_fd = -1;  // borrowed
  std::string name;
};

// Opens what is at `destination`, or makes it (MNT-03). Symlinks are followed inside the root.
Result<Target> open_target(int root_fd, const std::string& destination, TargetKind kind);
// As open_target, but the last component may be a symlink, which is then the target itself.
Result<Target> open_target_nofollow(int root_fd, const std::string& destination, TargetKind kind);
// For proc and sysfs: a directory that is not reached over a symlink in its last component
// (CVE-2019-19921, CVE-2023-27561, CVE-2025-54867). Errors: unsupported.
Result<Target> open_real_directory(int root_fd, const std::string& destination);

// Makes or opens a directory right below `parent_fd`, without following a symlink.
Result<Target> open_child_directory(int parent_fd, const std::string& name);
// The same in a filesystem that we have just made. What is new there is nobody else's, so it needs
// no fd of its own to be the target; `parent_fd` has to outlive it.
Result<Target> make_child_directory(int parent_fd, const std::string& name);

// Attaches a detached mount. `destination` is for the error.
Result<> attach(int mount_fd, const Target& target, const std::string& destination);

// The moment between looking a destination up and mounting on it, which was the hole of
// CVE-2021-30465: in a build for tests/attacks a stop point, and nothing in any other.
Result<> face_attack(Target& target, const std::string& destination, int root_fd);

// Refuses a destination that symlinks lead into a procfs (the path was checked when planned).
Result<> check_not_inside_procfs(const Target& target, const std::string& destination);

// A new empty file at `name` in `parent_fd`, or what is there; never through a symlink, which is an
// error (CVE-2026-88264). O_PATH.
Result<sys::UniqueFd> make_file_nofollow(int parent_fd, const std::string& name, mode_t mode);

// A symlink at `name`; what is there already is kept.
Result<> make_symlink(const std::string& text, int parent_fd, const std::string& name);

}  // namespace myrt::mounts
