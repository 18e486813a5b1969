// What a container uses, as containerd's Metrics messages (containerd/cgroups, cgroup1/stats and
// cgroup2/stats). Pure.
#pragma once

#include "cgroups/stats.h"
#include "shim/messages.h"

namespace myrt::shim {

// io.containerd.cgroups.v1.Metrics or v2.Metrics, as `mode` says.
Any encode_metrics(const cgroups::Stats& stats, cgroups::Mode mode);

}  // namespace myrt::shim
