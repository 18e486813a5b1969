// The pieces of apply(). Internal to mounts/.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mounts/apply.h"
#include "mounts/targets.h"
#include "sys/deferred_close.h"

namespace myrt::mounts {

// A filesystem that a step has mounted: what goes right below it needs no walk from the root.
struct OwnMount {
  std::size_t mount_index = 0;  // of its entry in the config
  std::string destination;
  sys::UniqueFd fd;
  std::vector<AttributeChange> changes_at_the_end;
  bool covered = false;  // something was mounted over it since
};

// What the steps leave for each other, and for the end.
struct Workshop {
  int root_fd = -1;
  std::vector<OwnMount> own_mounts;
  sys::DeferredClose done;  // fds that nobody needs any more

  // The mount on the directory above `destination` when it is one of ours, or -1.
  int parent_of(std::string_view destination) const;
  // The mount on `destination` itself when it is one of ours, or -1.
  int mount_on(std::string_view destination) const;
  // To be called before anything is mounted there: what lies there or below is out of sight then.
  void cover(std::string_view destination);
};

// Puts the source where it belongs; its tree is attached then, and still the caller's to close.
Result<> attach_bind(const BindMount& bind, const std::string& destination, Sources::Source& source,
                     Workshop& workshop);

// "mounts[1]: mount `tmpfs` to `/dev`"
std::string described(const Step& step);

// The filesystem as a detached mount; nothing of it after fsmount(2). `mode` is its root's, for a
// tmpfs. What has to be closed goes to `done`.
Result<sys::UniqueFd> make_detached(const NewFilesystem& filesystem, std::optional<mode_t> mode,
                                    sys::DeferredClose& done);

// Makes the filesystem detached, complete with what tmpcopyup puts into it, and attaches it.
// Returns the mount; its `changes_at_the_end` are the caller's.
Result<sys::UniqueFd> mount_filesystem(const NewFilesystem& filesystem,
                                       const std::string& destination,
                                       const Sources::Source& source, Workshop& workshop);

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
