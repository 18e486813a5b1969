// What connects a container process to the caller: console socket, seccomp agent, pid file, pidfd
// socket, preserved fds.
#pragma once

#include "oci-spec/spec.h"
#include "runtime/container/container_state.h"
#include "runtime/init/process_setup.h"
#include "runtime/myrt.h"
#include "sys/process.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::container {

// Whether the caller stays with the process (`run`, `exec`) or lets it go (`create`, --detach).
enum class Attachment : std::uint8_t { foreground, detached };

// Sockets that the container process inherits and uses once.
struct CallerSockets {
  init::TerminalTaker terminal_taker = init::TerminalTaker::none;
  sys::UniqueFd console;           // connected; only for TerminalTaker::console_socket
  sys::UniqueFd seccomp_listener;  // connected; only when the filter notifies
};

// Checks that the caller's wishes fit together and that its fds are there. Pure but for fcntl(2).
// Errors: invalid_argument, with the texts that runc's users know (contract §1.1).
Result<> check_io(const ProcessIo& io, const oci::Process& process, Attachment attachment);

// Connects. `listener_path` is linux.seccomp.listenerPath, empty when the filter does not notify.
// Errors: system.
Result<CallerSockets> connect_sockets(const ProcessIo& io, const oci::Process& process,
                                      const std::string& listener_path);

// The pid file: decimal digits only, complete from the start (contract §0.1). Nothing without a
// path.
Result<> write_pid_file(const std::string& path, pid_t pid);
// Takes it away again, if it is still about that process: of a container that came to nothing.
void remove_pid_file(const std::string& path, pid_t pid);
// Sends the pidfd with its own name as payload, like a console. Nothing without a path.
Result<> send_pidfd(const std::string& socket_path, int pidfd);
// Sends init's to --pidfd-socket and to the receiver that the annotations name.
Result<> send_pidfds(const ProcessIo& io, const ContainerState& state, int pidfd);

}  // namespace myrt::container
