// A foreground `run` or `exec`: forwards signals and, with a terminal, bytes and sizes, until the
// process exits.
#pragma once

#include "runtime/container/notify_socket.h"
#include "sys/process.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::container {

// A signalfd for every signal. The caller has blocked them (sys::BlockedSignals) before the process
// was cloned, so that one which comes early is not lost.
Result<sys::UniqueFd> open_signals();

// Runtime process: proxies between its own stdio and `terminal` (invalid: the process has our stdio
// itself) and forwards signals until `child` has exited; reaps it and, as a subreaper, the orphans
// that it left. SIGWINCH resizes the terminal. The caller's terminal is put in raw mode, and
// restored on every way out.
// What `notify` gets is forwarded meanwhile.
Result<sys::ExitStatus> attend(sys::ChildProcess child, int signals_fd, sys::UniqueFd terminal,
                               const NotifySocket& notify);

}  // namespace myrt::container
