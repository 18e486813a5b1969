// SOCK_SEQPACKET pairs and unix sockets: whole messages, optionally with fds.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::sys {

Result<std::pair<UniqueFd, UniqueFd>> seqpacket_pair();

// Each later receive on the socket waits no longer than this (SO_RCVTIMEO).
Result<> bound_receives(int socket, std::chrono::milliseconds bound);

struct Packet {
  std::string bytes;
  std::vector<UniqueFd> fds;
};
// MSG_NOSIGNAL; one message, whole or error.
Result<> send_packet(int socket, std::string_view bytes, const std::vector<int>& fds = {});
// The next message; std::nullopt at EOF (the peer closed or died, having read everything). A peer
// that died with a packet unread, and a truncated message or control data, is Error{protocol};
// Error{timeout} where bound_receives() has set a bound. Works on SEQPACKET and, for one-message
// protocols, on STREAM sockets.
Result<std::optional<Packet>> receive_packet(int socket, std::size_t limit_bytes = 1U << 18U);

// Connects to a unix STREAM socket by path; paths longer than sun_path go through the parent's
// directory fd. `send_bound` (SO_SNDTIMEO) bounds this connect(2), which waits where the listener's
// backlog is full, and every later send.
Result<UniqueFd> connect_unix(const std::string& path,
                              std::optional<std::chrono::milliseconds> send_bound = std::nullopt);
// A listening / connected SEQPACKET socket named `name` in the directory `dirfd` (any length of
// directory path).
Result<UniqueFd> listen_seqpacket_at(int dirfd, const std::string& name);
// A listening STREAM socket, for connect_unix.
Result<UniqueFd> listen_unix_at(int dirfd, const std::string& name);
// nullopt: nobody listens there any more (ECONNREFUSED) or there is no such socket (ENOENT).
Result<std::optional<UniqueFd>> connect_seqpacket_at(int dirfd, const std::string& name);
// Whether some process has the socket of that name open, without a sign of it to that process: a
// socket of another type is refused by the type, before anything is queued (unix(7), EPROTOTYPE).
Result<bool> is_seqpacket_open_at(int dirfd, const std::string& name);
// The same for many, with one socket.
class SeqpacketProbe {
 public:
  static Result<SeqpacketProbe> open();
  // Errors: invalid_argument when the path is longer than a socket's address; system.
  Result<bool> is_open(const std::string& path) const;

 private:
  explicit SeqpacketProbe(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
};

Result<UniqueFd> accept(int listener);

}  // namespace myrt::sys
