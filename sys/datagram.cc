#include "sys/datagram.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <optional>

#include "sys/files.h"

namespace myrt::sys {
namespace {

struct Address {
  sockaddr_un bytes = {};
  socklen_t size = 0;
};

// nullopt: it does not fit.
std::optional<Address> address_of(std::string_view text) {
  Address address;
  address.bytes.sun_family = AF_UNIX;
  if (text.size() < 2 || text.size() >= sizeof(address.bytes.sun_path)) return std::nullopt;
  std::memcpy(address.bytes.sun_path, text.data(), text.size());
  const bool abstract = text.front() == '@';
  if (abstract) address.bytes.sun_path[0] = '\0';
  // An abstract name is all of its bytes; a path ends with a NUL.
  const std::size_t path_size = text.size() + (abstract ? 0 : 1);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_size);
  return address;
}

Result<UniqueFd> datagram_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return errno_error("socket", "make a datagram socket");
  return socket;
}

const sockaddr* generic(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address.bytes);
}

}  // namespace

Result<UniqueFd> bind_datagram_at(int dirfd, const std::string& name) {
  const auto address = address_of(fd_path(dirfd) + "/" + name);
  if (!address) {
    return make_error(ErrorCode::invalid_argument, fmt::format("socket name `{}`: too long", name));
  }
  UniqueFd socket = TRY(datagram_socket());
  if (::bind(socket.get(), generic(*address), address->size) != 0) {
    return errno_error("bind", fmt::format("bind `{}`", name));
  }
  if (::fchmodat(dirfd, name.c_str(), 0777, 0) != 0) {
    return errno_error("fchmodat", fmt::format("open `{}` to everybody", name));
  }
  return socket;
}

Result<> send_datagram(const std::string& address_text, std::string_view bytes) {
  const auto address = address_of(address_text);
  if (!address) {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("socket address `{}` does not fit", address_text));
  }
  const UniqueFd socket = TRY(datagram_socket());
  if (::sendto(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL, generic(*address),
               address->size) < 0) {
    return errno_error("sendto", fmt::format("send to `{}`", address_text));
  }
  return {};
}

Result<std::string> receive_datagram(int socket, std::size_t limit_bytes) {
  std::string bytes(limit_bytes, '\0');
  const ssize_t got = ::recv(socket, bytes.data(), bytes.size(), 0);
  if (got < 0 && errno != EAGAIN && errno != EINTR)
    return errno_error("recv", "receive a datagram");
  bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return bytes;
}

}  // namespace myrt::sys
