#include "cgroups/resource_values.h"
#include "cgroups/v2/resources.h"

namespace myrt::cgroups::v2 {

Writes pids_writes(std::int64_t limit, const std::string& pointer) {
  return {{.controller = "pids",
           .file = "pids.max",
           .value = max_or_number(limit),
           .pointer = pointer + "/limit"}};
}

}  // namespace myrt::cgroups::v2
