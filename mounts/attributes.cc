#include "mounts/attributes.h"

#include <sys/mount.h>

namespace myrt::mounts {
namespace {

Result<> change_once(int mount_fd, const AttributeChange& change) {
  return sys::mount_setattr(mount_fd, change.recursive,
                            {change.set, change.clear, change.propagation, -1});
}

}  // namespace

Result<> change_attributes(int mount_fd, std::span<const AttributeChange> changes) {
  for (const AttributeChange& change : changes) {
    Result<> result = change_once(mount_fd, change);
    if (!result.ok() && result.error().errno_value == EPERM && change.clear != 0) {
      AttributeChange kept = change;
      kept.set &= ~static_cast<std::uint64_t>(MOUNT_ATTR__ATIME);
      kept.clear = 0;
      result = change_once(mount_fd, kept);
    }
    TRY(std::move(result));
  }
  return {};
}

unsigned long mount_flags_of(std::uint64_t attributes) {
  struct Pair {
    std::uint64_t attribute;
    unsigned long flag;
  };
  constexpr Pair kPairs[] = {
      {MOUNT_ATTR_RDONLY, MS_RDONLY},         {MOUNT_ATTR_NOSUID, MS_NOSUID},
      {MOUNT_ATTR_NODEV, MS_NODEV},           {MOUNT_ATTR_NOEXEC, MS_NOEXEC},
      {MOUNT_ATTR_NOATIME, MS_NOATIME},       {MOUNT_ATTR_STRICTATIME, MS_STRICTATIME},
      {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME}, {MOUNT_ATTR_NOSYMFOLLOW, 256}};
  unsigned long flags = 0;
  for (const Pair& pair : kPairs) {
    if ((attributes & pair.attribute) != 0) flags |= pair.flag;
  }
  return flags;
}

}  // namespace myrt::mounts
