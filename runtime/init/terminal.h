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

// For a terminal that the runtime process copies to its own stdout, before the program can write to
// it: newlines stay plain, as whatever stdout is (a file, say) expects them. A terminal there does
// the translation itself.
Result<> keep_newlines(const Terminal& terminal);

// Sends the master with its name as the one message of the console socket (contract §1.1).
Result<> send_terminal(int console_socket, const Terminal& terminal);

// Makes the slave the controlling terminal of the calling session leader, and its fds 0, 1 and 2.
// It becomes `owner`'s, in the calling process's user namespace, who may then open it by its path.
Result<> attach_terminal(const Terminal& terminal, uid_t owner);

}  // namespace myrt::init
