// Which mount an open file is on.
#pragma once

#include <cstdint>

#include "sys/result.h"

namespace myrt::sys {

// The id of the mount that `fd` was opened on: field 1 of its line in mountinfo (statx(2)). Errors:
// system.
Result<std::uint64_t> mount_id(int fd);

}  // namespace myrt::sys
