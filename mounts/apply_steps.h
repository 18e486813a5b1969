// The pieces of apply(). Internal to mounts/.
#pragma once

#include <optional>
#include <string>

#include "mounts/apply.h"
#include "mounts/targets.h"

namespace myrt::mounts {

// What a new filesystem is mounted with; borrowed.
struct Places {
  int root_fd = -1;
  // The mount on /dev when it is one of ours: what goes right below it needs no walk from the root.
  int dev_fd = -1;
  int user_namespace_fd = -1;  // Sources::Source::user_namespace
};
// Makes the filesystem detached, complete with what tmpcopyup puts into it, and attaches it.
// Returns the mount.
Result<sys::UniqueFd> mount_filesystem(const NewFilesystem& filesystem,
                                       const std::string& destination, const Places& places);

// Changes the mount at the destination. `superblock_flags` and data go to its filesystem, unless
// the options say `bind`.
Result<> remount(const ParsedOptions& options, const std::string& destination, int root_fd);

// Copies what is in the directory `from_fd` into `to_fd`, and the directory's own owner, mode and
// times: files, directories, symlinks, device nodes and fifos, with owner, mode, times and xattrs
// (OPT-15). No name is followed when it is a symlink.
Result<> copy_tree(int from_fd, int to_fd);

// Devices, the /dev symlinks, ptmx, and the file that mount_console covers. `dev_fd` is the mount
// on /dev when it is one of ours, or -1.
Result<> make_devices(const Plan& plan, Sources& sources, int root_fd, int dev_fd);

}  // namespace myrt::mounts
