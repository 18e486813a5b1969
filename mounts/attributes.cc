#include "mounts/attributes.h"

#include <sys/mount.h>
#include <sys/statvfs.h>

namespace myrt::mounts {
namespace {

Result<> change_once(int mount_fd, const AttributeChange& change) {
  return sys::mount_setattr(mount_fd, change.recursive,
                            {change.set, change.clear, change.propagation, -1});
}

struct LockedAttribute {
  std::uint64_t attribute, mask;
  unsigned long flag;  // of statvfs(3)
  std::string_view name;
};
constexpr std::uint64_t kAccessMode = MOUNT_ATTR__ATIME;
constexpr LockedAttribute kLockedAttributes[] = {
    {MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY, ST_RDONLY, "ro"},
    {MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOSUID, ST_NOSUID, "nosuid"},
    {MOUNT_ATTR_NODEV, MOUNT_ATTR_NODEV, ST_NODEV, "nodev"},
    {MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOEXEC, ST_NOEXEC, "noexec"},
    {MOUNT_ATTR_NODIRATIME, MOUNT_ATTR_NODIRATIME, ST_NODIRATIME, "nodiratime"},
    {MOUNT_ATTR_NOATIME, kAccessMode, ST_NOATIME, "noatime"},
    {MOUNT_ATTR_RELATIME, kAccessMode, ST_RELATIME, "relatime"}};
// Has no flag of its own: it is what a mount without the other two does.
constexpr LockedAttribute kStrictAccessTime = {MOUNT_ATTR_STRICTATIME, kAccessMode, 0,
                                               "strictatime"};

bool is_broken(const LockedAttribute& has, const AttributeChange& change) {
  return (change.locked & has.mask) != 0 && (change.set & has.mask) != has.attribute;
}

// The name of what the mount has and would lose; empty when there is none. A mode of access times
// that is none of its own would be lost as well as changed: it always has one.
std::string_view broken_lock(unsigned long flags, const AttributeChange& change) {
  bool strict = true;
  for (const LockedAttribute& known : kLockedAttributes) {
    if ((flags & known.flag) == 0) continue;
    if (known.mask == kAccessMode) strict = false;
    if (is_broken(known, change)) return known.name;
  }
  if (strict && is_broken(kStrictAccessTime, change)) return kStrictAccessTime.name;
  const bool adds_nodiratime =
      (change.locked & change.set & MOUNT_ATTR_NODIRATIME) != 0 && (flags & ST_NODIRATIME) == 0;
  return adds_nodiratime ? "diratime" : "";
}

}  // namespace

Result<> check_locks(int mount_fd, std::span<const AttributeChange> changes,
                     std::string_view source, std::string_view destination) {
  for (const AttributeChange& change : changes) {
    if (change.locked == 0) continue;
    struct statvfs status = {};
    if (::fstatvfs(mount_fd, &status) != 0) {
      return errno_error("fstatvfs", fmt::format("stat `{}`", source));
    }
    const std::string_view name = broken_lock(status.f_flag, change);
    if (name.empty()) continue;
    return errno_error(
        "mount_setattr",
        fmt::format("unable to start container process: error during container "
                    "init: error mounting `{}` to `{}`: the source is `{}`, which is "
                    "locked below a user namespace",
                    source, destination, name),
        EPERM);
  }
  return {};
}

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
