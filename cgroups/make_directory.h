// Making a container's directory in one hierarchy, fit for processes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cgroups/cgroup.h"
#include "cgroups/plan.h"
#include "sys/result.h"

namespace myrt::cgroups {

enum class LeafState : std::uint8_t { made, existed };

// mkdir of the directory and of missing parents, noted in `made`. Errors: system.
Result<LeafState> make_directory(const Directory& directory, std::vector<MadeDirectory>& made);

// CGP-09: Error{wrong_status} for an existing cgroup with processes, or one that is frozen, where a
// new process would hang.
Result<> check_reusable(const std::string& leaf, const std::vector<std::string>& controllers);

// v1: a new cpuset is empty, and an empty one takes no process (CCP-05). Gives it, and parents that
// are empty too, the values from above.
Result<> inherit_cpuset(const Directory& directory, LeafState state);

// v2: cgroup.subtree_control from the mount point down, for every controller there is (CGP-06,
// CGP-08: engines read statistics of them all). Writes only what is missing. The error, if any, is
// the first that was met; the others are enabled nevertheless.
Result<> enable_controllers(const Directory& directory);

}  // namespace myrt::cgroups
