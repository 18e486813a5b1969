// The `data` of a stats event: libcontainer's document, as containerd, cAdvisor and Garden read it
// (contract §3).
#pragma once

#include <optional>
#include <string>

#include "cgroups/stats.h"
#include "runtime/init/rdt_stats.h"

namespace myrt::container {

// {"type":"stats","id":ID,"data":{...}} on one line, without a newline. Values that the kernel does
// not give are left out where the readers allow it, and 0 where they do not. Pure.
std::string stats_event_json(const std::string& id, const cgroups::Stats& stats,
                             const std::optional<init::RdtStats>& rdt = {});
// {"type":"oom","id":ID}
std::string oom_event_json(const std::string& id);

}  // namespace myrt::container
