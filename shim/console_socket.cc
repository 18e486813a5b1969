#include "shim/console_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "sys/files.h"
#include "sys/seqpacket.h"

namespace myrt::shim {

Result<ConsoleSocket> ConsoleSocket::listen(const std::string& directory, const std::string& name) {
  ConsoleSocket socket;
  socket.directory_ = directory;
  socket.name_ = name;
  socket.directory_fd_ = TRY(sys::open(directory, O_PATH | O_DIRECTORY));
  ::unlinkat(socket.directory_fd_.get(), name.c_str(), 0);  // of a shim that was killed
  socket.listener_ = TRY(sys::listen_unix_at(socket.directory_fd_.get(), name));
  return socket;
}

ConsoleSocket::~ConsoleSocket() {
  if (listener_.valid()) ::unlinkat(directory_fd_.get(), name_.c_str(), 0);
}

Result<sys::UniqueFd> ConsoleSocket::take() {
  pollfd poll = {.fd = listener_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&poll, 1, 0) <= 0) return make_error(ErrorCode::protocol, "no terminal was sent");
  const sys::UniqueFd connection = TRY(sys::accept(listener_.get()));
  auto packet = TRY(sys::receive_packet(connection.get()));
  if (!packet || packet->fds.size() != 1) {
    return make_error(ErrorCode::protocol, "no terminal was sent");
  }
  return std::move(packet->fds.front());
}

}  // namespace myrt::shim
