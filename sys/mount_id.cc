#include "sys/mount_id.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace myrt::sys {

Result<std::uint64_t> mount_id(int fd) {
  struct statx status = {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &status) != 0) {
    return errno_error("statx", "find the mount of a file");
  }
  return status.stx_mnt_id;
}

}  // namespace myrt::sys
