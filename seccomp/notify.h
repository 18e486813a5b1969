// Hands a seccomp listener to its agent (config-linux.md, "The Container Process State").
#pragma once

#include <string>

#include "sys/result.h"

namespace myrt::seccomp {

// Runs in init after load(), and makes no other system call than sendmsg(2): the filter is in
// force. The socket is connected to linux.seccomp.listenerPath, is used for this and then closed
// (NTF-04). `listener_fd` travels with the first bytes (NTF-05). The JSON, never empty, is
// oci::container_process_state_json(). Errors: system (NTF-06).
Result<> send_listener(int connected_socket, int listener_fd,
                       const std::string& container_process_state_json);

}  // namespace myrt::seccomp
