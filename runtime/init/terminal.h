// The container's terminal: a pty from its own devpts, handed to the caller through the console
// socket.
#pragma once

#include <sys/types.h>

#include <string>

#include "oci-spec/spec.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::init {

struct Terminal {
  sys::UniqueFd master, slave;
};

// Init, with `root_fd` the container's root: opens /dev/pts/ptmx inside it and its peer, and sets
// the size if there is one. The slave comes from TIOCGPTPEER, never from a path (CVE-2025-52565).
// Errors: system; invalid_config when no devpts is mounted there.
Result<Terminal> open_terminal(int root_fd, const std::optional<oci::ConsoleSize>& size);

// Sends the master with its name as the one message of the console socket (contract §1.1).
Result<> send_terminal(int console_socket, const Terminal& terminal);

// For a terminal that the runtime proxies between its own stdio and the container, while fd 0 is
// still the caller's: takes over the size of the caller's terminal if it is one, and leaves the
// translation of newlines to it, so that output which goes to a file has plain newlines. Before
// execve: a program that starts with 0x0 and learns its size later has drawn for the wrong one.
void follow_caller(const Terminal& terminal);

// Makes the slave the controlling terminal of the calling session leader, and its fds 0, 1 and 2.
// It becomes `owner`'s, in the calling process's user namespace, who may then open it by its path.
Result<> attach_terminal(const Terminal& terminal, uid_t owner);

}  // namespace myrt::init
