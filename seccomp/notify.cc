#include "seccomp/notify.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace myrt::seccomp {
namespace {

// sendmsg(2), retrying EINTR. Returns how many bytes were taken: on a STREAM socket that may be
// fewer than all.
Result<std::size_t> send_message(int socket, const msghdr& message) {
  for (;;) {
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno != EINTR) return errno_error("sendmsg", "send the seccomp listener");
  }
}

}  // namespace

Result<> send_listener(int connected_socket, int listener_fd,
                       const std::string& container_process_state_json) {
  std::string_view rest = container_process_state_json;
  iovec part{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &listener_fd, sizeof(listener_fd));

  do {
    part = {.iov_base = const_cast<char*>(rest.data()), .iov_len = rest.size()};
    rest.remove_prefix(TRY(send_message(connected_socket, message)));
    // The fd has gone out with the first bytes and must not go again (NTF-05).
    message.msg_control = nullptr;
    message.msg_controllen = 0;
  } while (!rest.empty());
  return {};
}

}  // namespace myrt::seccomp
