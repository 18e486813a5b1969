#include "sys/seqpacket.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "sys/files.h"

namespace myrt::sys {
namespace {

constexpr std::size_t kMaxPacketBytes = 1U << 18U;  // more than the default SO_SNDBUF lets through
constexpr std::size_t kMaxPacketFds = 253;          // SCM_MAX_FD of the kernel
constexpr int kBacklog = 64;

using ControlBuffer = std::array<char, CMSG_SPACE(kMaxPacketFds * sizeof(int))>;

Result<UniqueFd> unix_socket(int type) {
  const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    const int error = errno;
    return errno_error("socket", "make a unix socket", error);
  }
  return UniqueFd(fd);
}

// nullopt: the path does not fit into sun_path.
std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<sockaddr_un> address_at(int dirfd, const std::string& name) {
  std::optional<sockaddr_un> address = address_of(fd_path(dirfd) + "/" + name);
  if (!address || name.empty()) {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("unix socket `{}`: the name is empty or too long", name));
  }
  return *address;
}

// connect(2), where EINTR does not mean "again" but "still connecting": for unix sockets the kernel
// has not queued anything by then, so that trying again is right.
int connect_retrying(int socket, const sockaddr_un& address) {
  while (::connect(socket, generic(address), sizeof(address)) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

Result<> set_bound(int socket, int option, std::chrono::milliseconds bound) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(bound);
  const timeval time = {.tv_sec = seconds.count(),
                        .tv_usec = std::chrono::microseconds(bound - seconds).count()};
  if (::setsockopt(socket, SOL_SOCKET, option, &time, sizeof(time)) != 0) {
    return errno_error("setsockopt", "bound the time of a connection");
  }
  return {};
}

void take_fds(const msghdr& message, std::vector<UniqueFd>& fds) {
  // CMSG_NXTHDR needs a mutable header although it changes nothing.
  msghdr headers = message;
  for (cmsghdr* header = CMSG_FIRSTHDR(&headers); header != nullptr;
       header = CMSG_NXTHDR(&headers, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> seqpacket_pair() {
  std::array<int, 2> fds = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    const int error = errno;
    return errno_error("socketpair", "make a socket pair", error);
  }
  return std::pair(UniqueFd(fds[0]), UniqueFd(fds[1]));
}

Result<> bound_receives(int socket, std::chrono::milliseconds bound) {
  return set_bound(socket, SO_RCVTIMEO, bound);
}

Result<> send_packet(int socket, std::string_view bytes, const std::vector<int>& fds) {
  // An empty packet could not be told from EOF on the other side.
  if (bytes.empty() || fds.size() > kMaxPacketFds) {
    return make_error(ErrorCode::internal, fmt::format("send a packet of {} bytes and {} fds",
                                                       bytes.size(), fds.size()));
  }
  iovec data = {const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  alignas(cmsghdr) ControlBuffer control;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    std::memset(control.data(), 0, message.msg_controllen);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  }
  ssize_t count = 0;
  do {
    count = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    const int error = errno;
    return errno_error("sendmsg", fmt::format("send a packet of {} bytes", bytes.size()), error);
  }
  if (static_cast<std::size_t>(count) != bytes.size()) {
    return make_error(
        ErrorCode::protocol,
        fmt::format("send a packet of {} bytes: only {} were sent", bytes.size(), count));
  }
  return {};
}

Result<std::optional<Packet>> receive_packet(int socket, std::size_t limit_bytes) {
  // On the stack and uninitialised: only the pages that the packet reaches are ever touched.
  std::array<char, kMaxPacketBytes> buffer;
  alignas(cmsghdr) ControlBuffer control;
  iovec data = {buffer.data(), std::min(limit_bytes, buffer.size())};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t count = 0;
  bool unread = false;
  do {
    count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    // Said once, and before what the peer has sent: it died with a packet of ours unread.
    if (count < 0 && errno == ECONNRESET) unread = true;
  } while (count < 0 && (errno == EINTR || errno == ECONNRESET));
  if (count < 0) {
    const int error = errno;
    if (error == EAGAIN) return make_error(ErrorCode::timeout, "no packet within the bound");
    return errno_error("recvmsg", "receive a packet", error);
  }
  Packet packet;
  take_fds(message, packet.fds);  // first, so that they are closed whatever comes
  if ((message.msg_flags & MSG_TRUNC) != 0) {
    return make_error(ErrorCode::protocol,
                      fmt::format("receive a packet: longer than {} bytes", data.iov_len));
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    return make_error(ErrorCode::protocol, "receive a packet: not all of its fds arrived");
  }
  if (count == 0 && unread) {
    return make_error(ErrorCode::protocol, "the peer died before it had read all that was sent");
  }
  if (count == 0) return std::optional<Packet>();
  packet.bytes.assign(buffer.data(), static_cast<std::size_t>(count));
  return std::optional<Packet>(std::move(packet));
}

Result<UniqueFd> connect_unix(const std::string& path,
                              std::optional<std::chrono::milliseconds> send_bound) {
  UniqueFd directory;  // keeps the fd of a long path open until connect(2) has used it
  std::optional<sockaddr_un> address = address_of(path);
  if (!address) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) {
      return make_error(ErrorCode::invalid_argument,
                        fmt::format("connect to `{}`: the name is empty or too long", path));
    }
    directory = TRY(open(path.substr(0, slash + 1), O_PATH | O_DIRECTORY));
    address = TRY(address_at(directory.get(), path.substr(slash + 1)));
  }
  UniqueFd fd = TRY(unix_socket(SOCK_STREAM));
  if (send_bound) TRY(set_bound(fd.get(), SO_SNDTIMEO, *send_bound));
  const int error = connect_retrying(fd.get(), *address);
  if (error == EAGAIN && send_bound) {
    return make_error(
        ErrorCode::timeout,
        fmt::format("connect to `{}`: whoever listens there has not accepted within {} ms", path,
                    send_bound->count()));
  }
  if (error != 0) return errno_error("connect", fmt::format("connect to `{}`", path), error);
  return fd;
}

namespace {

Result<UniqueFd> listen_at(int type, int dirfd, const std::string& name) {
  const sockaddr_un address = TRY(address_at(dirfd, name));
  UniqueFd fd = TRY(unix_socket(type));
  if (::bind(fd.get(), generic(address), sizeof(address)) != 0) {
    const int error = errno;
    return errno_error("bind", fmt::format("bind socket `{}`", name), error);
  }
  if (::listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    return errno_error("listen", fmt::format("listen on socket `{}`", name), error);
  }
  return fd;
}

}  // namespace

Result<UniqueFd> listen_seqpacket_at(int dirfd, const std::string& name) {
  return listen_at(SOCK_SEQPACKET, dirfd, name);
}

Result<UniqueFd> listen_unix_at(int dirfd, const std::string& name) {
  return listen_at(SOCK_STREAM, dirfd, name);
}

Result<std::optional<UniqueFd>> connect_seqpacket_at(int dirfd, const std::string& name) {
  const sockaddr_un address = TRY(address_at(dirfd, name));
  UniqueFd fd = TRY(unix_socket(SOCK_SEQPACKET));
  const int error = connect_retrying(fd.get(), address);
  if (error == 0) return std::optional<UniqueFd>(std::move(fd));
  if (error == ECONNREFUSED || error == ENOENT) return std::optional<UniqueFd>();
  return errno_error("connect", fmt::format("connect to socket `{}`", name), error);
}

namespace {

// `socket` is a datagram socket. It stays as it was: nothing connects it.
Result<bool> is_seqpacket_open(int socket, const sockaddr_un& address, const std::string& name) {
  const int error = connect_retrying(socket, address);
  if (error == EPROTOTYPE) return true;
  if (error == ECONNREFUSED || error == ENOENT) return false;
  return errno_error("connect", fmt::format("connect to socket `{}`", name), error);
}

}  // namespace

Result<bool> is_seqpacket_open_at(int dirfd, const std::string& name) {
  const sockaddr_un address = TRY(address_at(dirfd, name));
  const UniqueFd fd = TRY(unix_socket(SOCK_DGRAM));
  return is_seqpacket_open(fd.get(), address, name);
}

Result<SeqpacketProbe> SeqpacketProbe::open() {
  return SeqpacketProbe(TRY(unix_socket(SOCK_DGRAM)));
}

Result<bool> SeqpacketProbe::is_open(const std::string& path) const {
  const auto address = address_of(path);
  if (address) return is_seqpacket_open(socket_.get(), *address, path);
  return make_error(ErrorCode::invalid_argument,
                    fmt::format("unix socket `{}`: the path is empty or too long", path));
}

Result<UniqueFd> accept(int listener) {
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) return UniqueFd(fd);
    const int error = errno;
    // ECONNABORTED: that peer went away again; the next one may be waiting.
    if (error != EINTR && error != ECONNABORTED) {
      return errno_error("accept4", "accept a connection", error);
    }
  }
}

}  // namespace myrt::sys
