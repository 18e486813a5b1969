// The standard streams of a container's init as CRIU has to be told of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/container/checkpoint_document.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::container {

struct Stream {
  int fd = 0;
  std::string link;  // of /proc/PID/fd/N; empty when it is closed
  mode_t mode = 0;
  std::uint64_t inode = 0, mount_id = 0;
  bool terminal = false;
};

// The streams of a process that runs. A shell that writes into a file has its stdout elsewhere for
// that moment, so that one which is redirected is looked at again, for 100 ms at most; what stays
// so is as the process wants it.
Result<std::vector<Stream>> observe_streams(const sys::Procfs& procfs, pid_t pid,
                                            const std::vector<ObservedMount>& observed);

// A file that is on no mount of the container. Pure.
bool is_of_the_host(const Stream& stream, const std::vector<ObservedMount>& observed);
// A file or device of the container's own mounts. Pure.
bool is_redirected(const Stream& stream, const std::vector<ObservedMount>& observed);

// Those that are files or devices of the host: CRIU takes what the restorer has in their place.
// Pure.
std::vector<KeyedStream> external_streams(const std::vector<Stream>& streams,
                                          const std::vector<ObservedMount>& observed);

Descriptors descriptors_of(const std::vector<Stream>& streams);

}  // namespace myrt::container
