// Facts about the process and the host that decide how a container can be made.
#pragma once

#include <string_view>

#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::sys {

// Whether a /proc/PID/uid_map is the one of the initial user namespace: all 2^32-1 ids map to
// themselves (user_namespaces(7)). Pure.
bool is_initial_uid_map(std::string_view uid_map);

// Whether this process runs in the initial user namespace, or in one that maps every id the same
// way. Runs in the runtime process. Errors: system.
Result<bool> in_initial_user_namespace(const Procfs& procfs);

}  // namespace myrt::sys
