#include "runtime/inspection/mount_table.h"

#include <fcntl.h>

#include "sys/files.h"
#include "sys/paths.h"

namespace myrt::inspection {

Result<MountTable> MountTable::open(const sys::Procfs& procfs, const std::string& process) {
  // /proc/PID/root is a magic link, which Procfs does not follow; its directory is a real one.
  const sys::UniqueFd directory = TRY(procfs.open_at(process, O_PATH | O_DIRECTORY));
  sys::UniqueFd root = TRY(sys::open_at(directory.get(), "root", O_PATH | O_DIRECTORY));
  auto mounts = TRY(sys::parse_mountinfo(TRY(procfs.read(process + "/mountinfo"))));
  return MountTable(std::move(root), std::move(mounts));
}

Result<std::optional<Place>> MountTable::find(const std::string& path) const {
  const auto fd = sys::open_in_root(root_.get(), path, O_PATH);
  if (!fd.ok()) {
    const int error = fd.error().errno_value;
    if (error == ENOENT || error == ENOTDIR) return std::optional<Place>();
    return fd.error();
  }
  struct statx extended = {};
  if (::statx(fd->get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &extended) != 0) {
    return errno_error("statx", fmt::format("statx `{}`", path));
  }
  Place place;
  place.status = TRY(sys::stat_fd(fd->get()));
  place.is_mount_root = (extended.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  for (const sys::MountInfo& mount : mounts_) {
    if (mount.id == extended.stx_mnt_id) place.mount = &mount;
  }
  return std::optional(place);
}

}  // namespace myrt::inspection
