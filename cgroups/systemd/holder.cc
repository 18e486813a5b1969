#include "cgroups/systemd/holder.h"

#include <fcntl.h>
#include <unistd.h>

namespace myrt::cgroups::systemd {

Result<Holder> Holder::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe2", "make a pipe");
  sys::UniqueFd reader(ends[0]), writer(ends[1]);
  auto process = TRY(sys::clone3({}));
  if (!process) {
    // Nothing of the C library: this is a copy of the runtime process that never executes.
    ::close(writer.get());
    char byte = 0;
    while (::read(reader.get(), &byte, 1) < 0 && errno == EINTR) {
    }
    ::_exit(0);
  }
  return Holder(std::move(*process), std::move(writer));
}

}  // namespace myrt::cgroups::systemd
