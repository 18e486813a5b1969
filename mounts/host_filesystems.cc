#include "mounts/host_filesystems.h"

#include <sys/mount.h>

#include "sys/files.h"
#include "sys/mount_api.h"

namespace myrt::mounts {
namespace {

bool is_within(const std::string& path, const std::string& directory) {
  return directory == "/" || (path.starts_with(directory) &&
                              (path.size() == directory.size() || path[directory.size()] == '/'));
}

Result<> remove_or_cover(const std::string& mount_point) {
  const Result<> removed = sys::umount(mount_point, MNT_DETACH | UMOUNT_NOFOLLOW);
  if (removed.ok()) return {};
  return sys::mount("tmpfs", mount_point, "tmpfs", MS_RDONLY, "size=4k");
}

}  // namespace

Result<> remove_host_filesystems(const sys::Procfs& procfs, const Root& root) {
  const auto mounts = TRY(sys::parse_mountinfo(TRY(procfs.read("self/mountinfo"))));
  const std::string own =
      TRY(sys::read_link_at(procfs.fd(), fmt::format("self/fd/{}", root.fd.get())));
  // The latest first: what is mounted on another comes off before it.
  for (auto mount = mounts.rbegin(); mount != mounts.rend(); ++mount) {
    if (mount->fstype != "proc" && mount->fstype != "sysfs") continue;
    if (is_within(mount->mount_point, own)) continue;
    TRY(remove_or_cover(mount->mount_point));
  }
  return {};
}

}  // namespace myrt::mounts
