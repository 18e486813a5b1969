// What to say of a process of a container that does not do what was waited for.
#pragma once

#include <sys/types.h>

#include <string>

#include "cgroups/cgroup.h"
#include "sys/result.h"

namespace myrt::init {

// " (process 4711: state T (stopped by a signal), in `do_signal_stop`; its cgroup is not frozen)"
std::string what_it_does(pid_t pid, const cgroups::Location& cgroup);

// Adds that to a wait that ran out.
Error explain_timeout(Error error, pid_t pid, const cgroups::Location& cgroup);

}  // namespace myrt::init
