// What a process is doing, for the errors of waits that ran out.
#pragma once

#include <sys/types.h>

#include <string>

namespace myrt::sys {

// "process 4711: state T (stopped), in `do_signal_stop`", or "process 4711: gone". Never fails:
// what cannot be read is left out.
std::string activity_of(pid_t pid);

}  // namespace myrt::sys
