// What to say of a process of a container that does not do what was waited for, or is gone.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "cgroups/cgroup.h"
#include "sys/process.h"
#include "sys/result.h"

namespace myrt::init {

// " (process 4711: state T (stopped by a signal), in `do_signal_stop`; its cgroup is not frozen)"
std::string what_it_does(pid_t pid, const cgroups::Location& cgroup);

// The signal that ended the process, where all that it left is a closed socket: waits for its end
// then, for a second at most, and reaps it.
std::optional<int> killed_by(const Error& error, sys::ChildProcess& process);
// Says that, or what the process does where it says nothing. `name`: "init".
Error explain(std::string_view name, Error error, std::optional<int> signal, pid_t pid,
              const cgroups::Location& cgroup);

// Adds what it does to a wait that ran out.
Error explain_timeout(Error error, pid_t pid, const cgroups::Location& cgroup);

}  // namespace myrt::init
