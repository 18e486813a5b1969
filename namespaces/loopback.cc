#include "namespaces/loopback.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sys/unique_fd.h"

namespace myrt::namespaces {

Result<> bring_loopback_up() {
  // A unix socket answers the device ioctls as well, and exists on kernels without IPv4.
  sys::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return errno_error("socket", "open a socket for `lo`");
  // IFF_UP is the only flag of `lo` that SIOCSIFFLAGS can change, so there is none to keep.
  struct ifreq request = {};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return errno_error("ioctl", "set `lo` up");
  }
  socket.release();  // left to init's close_stray_fds, which closes all at once
  return {};
}

}  // namespace myrt::namespaces
