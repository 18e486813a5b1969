// Just enough rtnetlink (rtnetlink(7)): messages built and taken apart with every length checked
// (the class of CVE-2021-43784), and a socket for requests and dumps.
#pragma once

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sys/procfs.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::namespaces {

// A request under construction: a header, one fixed structure, then attributes. A message that
// grows too long is noticed by finish(), so that the calls in between can be chained.
class NetlinkMessage {
 public:
  // `flags` are those of the message type (NLM_F_CREATE); the socket adds its own.
  explicit NetlinkMessage(std::uint16_t type, std::uint16_t flags = 0);

  // The fixed structure that the message type asks for (struct ifinfomsg, struct ifaddrmsg).
  template <class T>
  NetlinkMessage& add_structure(const T& structure) {
    static_assert(std::is_trivially_copyable_v<T>);
    return add_padded({reinterpret_cast<const char*>(&structure), sizeof(structure)});
  }
  NetlinkMessage& add_attribute(std::uint16_t type, std::string_view payload);
  NetlinkMessage& add_uint32(std::uint16_t type, std::uint32_t value);
  NetlinkMessage& add_string(std::uint16_t type, const std::string& value);  // with its NUL

  // The bytes for the kernel, with `flags` added to the header's. Errors: internal when the message
  // or an attribute is too long.
  Result<std::string> finish(std::uint32_t sequence, std::uint16_t flags) const;

 private:
  NetlinkMessage& add_padded(std::string_view bytes);

  std::string bytes_;
  bool too_long_ = false;
};

struct NetlinkAttribute {
  std::uint16_t type = 0;  // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
  std::string_view payload;
};
// Takes a sequence of attributes apart; they refer to `bytes`. Pure. Errors: protocol when a length
// leads out of `bytes`.
Result<std::vector<NetlinkAttribute>> parse_attributes(std::string_view bytes);
// A NUL-terminated or unterminated string attribute.
std::string attribute_string(std::string_view payload);
// nullopt when the payload is not four bytes.
std::optional<std::uint32_t> attribute_uint32(std::string_view payload);

// A message from the kernel: what follows its struct nlmsghdr.
struct NetlinkReply {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  std::string body;

  // The leading fixed structure; nullopt when the body is shorter.
  template <class T>
  std::optional<T> structure() const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (body.size() < sizeof(T)) return std::nullopt;
    T result;
    body.copy(reinterpret_cast<char*>(&result), sizeof(T));
    return result;
  }
  // The attributes after that structure.
  template <class T>
  Result<std::vector<NetlinkAttribute>> attributes() const {
    const std::size_t offset = NLMSG_ALIGN(sizeof(T));
    return parse_attributes(
        std::string_view(body).substr(offset < body.size() ? offset : body.size()));
  }
};
// Takes one datagram apart. Pure. Errors: protocol when a length leads out of `bytes`.
Result<std::vector<NetlinkReply>> parse_replies(std::string_view bytes);

// A NETLINK_ROUTE socket. It stays in the network namespace where it was opened.
class NetlinkSocket {
 public:
  // In this process's network namespace. Errors: system.
  static Result<NetlinkSocket> open();
  // In another one: the process goes there and comes back within the call (it must be
  // single-threaded). Needs CAP_SYS_ADMIN over both. When it cannot come back the call fails, and
  // the process must end. Errors: system.
  static Result<NetlinkSocket> open_in(const sys::Procfs& procfs, int netns_fd);

  // Sends the message and waits for its answer; `what` names the request in the error, which ends
  // in the kernel's errno and explanation. The replies that came before the acknowledgement (one
  // for a get, none for a change). Errors: system, protocol.
  Result<std::vector<NetlinkReply>> request(const NetlinkMessage& message, std::string_view what);
  // The same for a message with NLM_F_DUMP: all of the table, asked again when it changed
  // meanwhile.
  Result<std::vector<NetlinkReply>> dump(const NetlinkMessage& message, std::string_view what);

 private:
  explicit NetlinkSocket(sys::UniqueFd socket) : socket_(std::move(socket)) {}
  struct Exchange {
    std::vector<NetlinkReply> replies;
    bool interrupted = false;  // NLM_F_DUMP_INTR: the table changed while it was read
  };
  Result<Exchange> exchange(const NetlinkMessage& message, std::uint16_t flags,
                            std::string_view what);
  Result<std::string> receive(std::string_view what);

  sys::UniqueFd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace myrt::namespaces
