// A conversation with one `criu swrk` process over its SOCK_SEQPACKET socket.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/criu/messages.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::criu {

// What CRIU tells in the middle of a request; it waits for the handler.
struct Notification {
  std::string script;  // "setup-namespaces", "post-restore", "orphan-pts-master", ...
  pid_t pid = 0;
  std::vector<sys::UniqueFd> fds;  // of orphan-pts-master: the master
};
using NotificationHandler = std::function<Result<>(Notification& notification)>;

// Sends `request` and serves notifications until the answer is there. A handler's error makes CRIU
// give up and undo what it did, and is the error that comes back. An answer that says no is a
// value. Errors: protocol (CRIU died or talks nonsense); system; the handler's.
Result<Response> converse(int socket, const std::string& request,
                          const NotificationHandler& handler = {});

}  // namespace myrt::criu
