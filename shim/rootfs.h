// The mounts of a Create request: the container's root filesystem, put together at the bundle's
// rootfs on the host, and taken apart again.
#pragma once

#include <string>
#include <vector>

#include "shim/messages.h"
#include "sys/result.h"

namespace myrt::shim {

// One mount(2) call, or the two of a bind mount with flags.
struct MountCall {
  std::string type, source, data;
  unsigned long flags = 0;
  bool operator==(const MountCall&) const = default;
};
// The words of mount(8) that containerd's snapshotters use; what is none of them is the
// filesystem's. Pure.
MountCall mount_call(const Mount& mount);

// `lowerdir=` of overlayfs with what all its directories have in common cut off: mount(2) takes one
// page of data, and images may have many layers. `base` is where to stand then (""): it fits. Pure.
struct ShortOverlay {
  std::string base, data;
};
ShortOverlay shorten(const std::string& data);

// Mounts all of `mounts` over `rootfs`, the first lowest. Errors leave nothing mounted. In a job:
// it changes the working directory.
Result<> mount_rootfs(const std::vector<Mount>& mounts, const std::string& rootfs);
// Unmounts everything there; not an error when there is nothing.
Result<> unmount_rootfs(const std::string& rootfs);

}  // namespace myrt::shim
