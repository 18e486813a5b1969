// The pieces of apply(). Internal to mounts/.
#pragma once

#include <optional>
#include <string>

#include "mounts/apply.h"
#include "mounts/targets.h"

namespace myrt::mounts {

// Puts the source where it belongs; its tree is attached then, and still the caller's to close.
Result<> attach_bind(const BindMount& bind, const std::string& destination, Sources::Source& source,
                     int root_fd);

// "mounts[1]: mount `tmpfs` to `/dev`"
std::string described(const Step& step);

// Makes the filesystem detached, complete with what tmpcopyup puts into it, and attaches it.
// Returns the mount. `dev_fd` is the mount on /dev when it is one of ours, or -1: what goes right
// below it needs no walk from the root.
Result<sys::UniqueFd> mount_filesystem(const NewFilesystem& filesystem,
                                       const std::string& destination, int root_fd, int dev_fd);

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
