// The mounts of a Create request: the container's root filesystem, put together and taken apart
// again.
#pragma once

#include <string>
#include <vector>

#include "oci-spec/spec.h"
#include "shim/messages.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::shim {

// Where a root filesystem is mounted: for the container alone, or at the bundle's rootfs, for
// everybody on the host.
enum class RootfsPlace : std::uint8_t { container, host };

// The container's, for an overlay or a bind of which nobody on the host needs to see anything: in
// a mount namespace that is made for it, with no hook that the host runs (such a one may write to
// the rootfs by its path) and no mount whose source is in the rootfs. Other filesystems stay on the
// host, where unmounting ends them: a snapshotter may take their block device away at once. `spec`
// is what config.json has, valid or not. Pure.
RootfsPlace place_of(const std::vector<Mount>& mounts, const oci::Spec& spec,
                     const std::string& rootfs);

// Makes the mounts, the first lowest. RootfsPlace::container: the detached mount that is the root;
// else, or where this kernel's new mount API cannot make it, everything is mounted over `rootfs`
// and the fd is empty. Errors leave nothing mounted. In a job: it may change the working directory.
Result<sys::UniqueFd> mount_rootfs(const std::vector<Mount>& mounts, const std::string& rootfs,
                                   RootfsPlace place);
// Unmounts everything there; not an error when there is nothing.
Result<> unmount_rootfs(const std::string& rootfs);

}  // namespace myrt::shim
