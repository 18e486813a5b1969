#include "runtime/container/caller_io.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/plan/annotations.h"
#include "sys/files.h"
#include "sys/seqpacket.h"

namespace myrt::container {
namespace {

// A caller that listens and does not accept: its backlog is full.
constexpr std::chrono::seconds kCallerBound{10};

Error bad_argument(std::string_view text) {
  return make_error(ErrorCode::invalid_argument, std::string(text));
}

Result<> check_preserved(int count) {
  for (int fd = 3; fd < 3 + count; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) {
      return bad_argument(fmt::format("preserve-fds: fd {} is not open", fd));
    }
  }
  return {};
}

}  // namespace

Result<> check_io(const ProcessIo& io, const oci::Process& process, Attachment attachment) {
  const bool detached = attachment == Attachment::detached;
  if (process.terminal && detached && io.console_socket.empty()) {
    return bad_argument(
        "cannot allocate tty if the runtime will detach without setting console socket");
  }
  if (!io.console_socket.empty() && (!process.terminal || !detached)) {
    return bad_argument("cannot use console socket if the runtime will not detach or allocate tty");
  }
  if (io.preserve_fds < 0 || io.listen_fds > io.preserve_fds) {
    return bad_argument(fmt::format("preserve-fds: {} is not a number of fds", io.preserve_fds));
  }
  return check_preserved(io.preserve_fds);
}

Result<CallerSockets> connect_sockets(const ProcessIo& io, const oci::Process& process,
                                      const std::string& listener_path) {
  CallerSockets sockets;
  if (!io.console_socket.empty()) {
    sockets.console =
        TRY(sys::connect_unix(io.console_socket, kCallerBound).context("console socket"));
    sockets.terminal_taker = init::TerminalTaker::console_socket;
  } else if (process.terminal) {
    sockets.terminal_taker = init::TerminalTaker::runtime;
  }
  if (!listener_path.empty()) {
    sockets.seccomp_listener = TRY(sys::connect_unix(listener_path, kCallerBound)
                                       .context("failed to connect with seccomp agent")
                                       .at("/linux/seccomp/listenerPath"));
  }
  return sockets;
}

Result<> write_pid_file(const std::string& path, pid_t pid) {
  if (path.empty()) return {};
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const sys::UniqueFd parent = TRY(sys::open(directory, O_PATH | O_DIRECTORY).context("pid file"));
  return sys::write_atomic_at(parent.get(), name, fmt::format_int(pid).str(), 0644)
      .context("pid file");
}

void remove_pid_file(const std::string& path, pid_t pid) {
  if (path.empty() || pid == 0) return;
  const auto text = sys::read_file(path);
  if (text.ok() && *text == fmt::format_int(pid).str()) ::unlink(path.c_str());
}

Result<> send_pidfd(const std::string& socket_path, int pidfd) {
  if (socket_path.empty()) return {};
  const sys::UniqueFd socket =
      TRY(sys::connect_unix(socket_path, kCallerBound).context("pidfd socket"));
  return sys::send_packet(socket.get(), "pidfd", {pidfd}).context("pidfd socket");
}

Result<> send_pidfds(const ProcessIo& io, const ContainerState& state, int pidfd) {
  TRY(send_pidfd(io.pidfd_socket, pidfd));
  return send_pidfd(plan::annotation(state.annotations, plan::kPidfdReceiver), pidfd);
}

}  // namespace myrt::container
