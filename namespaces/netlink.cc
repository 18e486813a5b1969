#include "namespaces/netlink.h"

#include <sched.h>
#include <sys/socket.h>

#include <cstring>
#include <limits>

#include "namespaces/open_namespace.h"

namespace myrt::namespaces {
namespace {

// The kernel builds dump datagrams up to the size of the reader's buffer, and no larger than this.
constexpr std::size_t kReceiveSize = 32768;
constexpr std::size_t kMessageLimit = 32768;

constexpr std::size_t aligned(std::size_t size) { return (size + 3U) & ~std::size_t{3}; }

// The header at the front of `bytes`, when all of the item that it announces is there.
template <class Header, class Length>
std::optional<Header> read_header(std::string_view bytes, Length Header::*length) {
  Header header;
  if (bytes.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.*length < sizeof(header) || header.*length > bytes.size()) return std::nullopt;
  return header;
}

void skip(std::string_view& bytes, std::size_t length) {
  const std::size_t step = aligned(length);
  bytes.remove_prefix(step < bytes.size() ? step : bytes.size());
}

Error broken_reply() {
  return make_error(ErrorCode::protocol, "netlink reply with a length that leads out of it");
}

// The kernel's words about a refusal, where it has any.
std::string explanation(const NetlinkReply& reply) {
  if ((reply.flags & NLM_F_ACK_TLVS) == 0) return {};
  const auto error = reply.structure<nlmsgerr>();
  // Unless the answer is capped, the whole request follows the error.
  std::size_t offset = sizeof(nlmsgerr);
  if ((reply.flags & NLM_F_CAPPED) == 0) {
    offset = sizeof(error->error) + aligned(error->msg.nlmsg_len);
  }
  if (offset > reply.body.size()) return {};
  const auto attributes = parse_attributes(std::string_view(reply.body).substr(offset));
  if (!attributes.ok()) return {};
  for (const NetlinkAttribute& attribute : *attributes) {
    if (attribute.type == NLMSGERR_ATTR_MSG) return attribute_string(attribute.payload);
  }
  return {};
}

// What an NLMSG_ERROR or NLMSG_DONE says: success is an error number of 0.
Result<> check_status(const NetlinkReply& reply, std::string_view what) {
  const auto error_number = reply.structure<std::int32_t>();
  if (!error_number) return broken_reply();
  if (*error_number == 0) return {};
  Error error = errno_error("sendto", what, -*error_number);
  if (reply.type == NLMSG_ERROR && reply.body.size() >= sizeof(nlmsgerr)) {
    const std::string words = explanation(reply);
    if (!words.empty()) error.message += fmt::format(" ({})", words);
  }
  return error;
}

}  // namespace

NetlinkMessage::NetlinkMessage(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header = {};
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  add_structure(header);
}

NetlinkMessage& NetlinkMessage::add_padded(std::string_view bytes) {
  // Both sizes are below the limit here, so nothing can wrap around.
  if (too_long_ || bytes.size() > kMessageLimit || bytes_.size() + bytes.size() > kMessageLimit) {
    too_long_ = true;
    return *this;
  }
  bytes_.append(bytes);
  bytes_.resize(aligned(bytes_.size()), '\0');
  return *this;
}

NetlinkMessage& NetlinkMessage::add_attribute(std::uint16_t type, std::string_view payload) {
  if (payload.size() > std::numeric_limits<std::uint16_t>::max() - sizeof(nlattr)) {
    too_long_ = true;
    return *this;
  }
  nlattr header = {};
  header.nla_len = static_cast<std::uint16_t>(sizeof(header) + payload.size());
  header.nla_type = type;
  return add_structure(header).add_padded(payload);
}

NetlinkMessage& NetlinkMessage::add_uint32(std::uint16_t type, std::uint32_t value) {
  return add_attribute(type, {reinterpret_cast<const char*>(&value), sizeof(value)});
}

NetlinkMessage& NetlinkMessage::add_string(std::uint16_t type, const std::string& value) {
  return add_attribute(type, {value.c_str(), value.size() + 1});
}

Result<std::string> NetlinkMessage::finish(std::uint32_t sequence, std::uint16_t flags) const {
  if (too_long_) return make_error(ErrorCode::internal, "netlink message too long");
  nlmsghdr header = {};
  std::memcpy(&header, bytes_.data(), sizeof(header));
  header.nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
  header.nlmsg_flags = static_cast<std::uint16_t>(header.nlmsg_flags | flags);
  header.nlmsg_seq = sequence;
  std::string finished = bytes_;
  std::memcpy(finished.data(), &header, sizeof(header));
  return finished;
}

Result<std::vector<NetlinkAttribute>> parse_attributes(std::string_view bytes) {
  std::vector<NetlinkAttribute> attributes;
  while (!bytes.empty()) {
    const auto header = read_header<nlattr>(bytes, &nlattr::nla_len);
    if (!header) return broken_reply();
    attributes.push_back({static_cast<std::uint16_t>(header->nla_type & NLA_TYPE_MASK),
                          bytes.substr(sizeof(nlattr), header->nla_len - sizeof(nlattr))});
    skip(bytes, header->nla_len);
  }
  return attributes;
}

std::string attribute_string(std::string_view payload) {
  return std::string(payload.substr(0, payload.find('\0')));
}

std::optional<std::uint32_t> attribute_uint32(std::string_view payload) {
  std::uint32_t value = 0;
  if (payload.size() != sizeof(value)) return std::nullopt;
  std::memcpy(&value, payload.data(), sizeof(value));
  return value;
}

Result<std::vector<NetlinkReply>> parse_replies(std::string_view bytes) {
  std::vector<NetlinkReply> replies;
  while (!bytes.empty()) {
    const auto header = read_header<nlmsghdr>(bytes, &nlmsghdr::nlmsg_len);
    if (!header) return broken_reply();
    replies.push_back(
        {header->nlmsg_type, header->nlmsg_flags, header->nlmsg_seq,
         std::string(bytes.substr(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr)))});
    skip(bytes, header->nlmsg_len);
  }
  return replies;
}

Result<NetlinkSocket> NetlinkSocket::open() {
  sys::UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.valid()) {
    const int error = errno;
    return errno_error("socket", "open a netlink socket", error);
  }
  // Better words in errors, and no echo of the request; a kernel without them does without.
  const int on = 1;
  ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
  ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
  return NetlinkSocket(std::move(socket));
}

Result<NetlinkSocket> NetlinkSocket::open_in(const sys::Procfs& procfs, int netns_fd) {
  const sys::UniqueFd own = TRY(open_own_namespace(procfs, oci::NamespaceType::network));
  if (::setns(netns_fd, CLONE_NEWNET) != 0) {
    const int error = errno;
    return errno_error("setns", "visit the container's network namespace", error);
  }
  Result<NetlinkSocket> opened = open();
  // A runtime in the wrong network namespace must not go on, whatever else went well.
  if (::setns(own.get(), CLONE_NEWNET) != 0) {
    const int error = errno;
    return errno_error("setns", "go back to the own network namespace", error);
  }
  return opened;
}

Result<std::string> NetlinkSocket::receive(std::string_view what) {
  for (;;) {
    std::string bytes(kReceiveSize, '\0');
    sockaddr_nl sender = {};
    socklen_t sender_size = sizeof(sender);
    const ssize_t size = ::recvfrom(socket_.get(), bytes.data(), bytes.size(), MSG_TRUNC,
                                    reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size < 0) {
      const int error = errno;
      if (error == EINTR) continue;
      return errno_error("recvfrom", what, error);
    }
    if (sender.nl_pid != 0) continue;  // another process, not the kernel
    if (static_cast<std::size_t>(size) > bytes.size()) return broken_reply();
    bytes.resize(static_cast<std::size_t>(size));
    return bytes;
  }
}

Result<NetlinkSocket::Exchange> NetlinkSocket::exchange(const NetlinkMessage& message,
                                                        std::uint16_t flags,
                                                        std::string_view what) {
  const std::uint32_t sequence = ++sequence_;
  const std::string bytes = TRY(message.finish(sequence, flags));
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(socket_.get(), bytes.data(), bytes.size(), 0,
               reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel)) < 0) {
    const int error = errno;
    return errno_error("sendto", what, error);
  }
  Exchange result;
  for (;;) {
    const std::string datagram = TRY(receive(what));
    std::vector<NetlinkReply> replies = TRY(parse_replies(datagram));
    for (NetlinkReply& reply : replies) {
      if (reply.sequence != sequence) continue;
      if ((reply.flags & NLM_F_DUMP_INTR) != 0) result.interrupted = true;
      if (reply.type == NLMSG_ERROR || reply.type == NLMSG_DONE) {
        TRY(check_status(reply, what));
        return result;
      }
      result.replies.push_back(std::move(reply));
    }
  }
}

Result<std::vector<NetlinkReply>> NetlinkSocket::request(const NetlinkMessage& message,
                                                         std::string_view what) {
  Exchange answer = TRY(exchange(message, NLM_F_REQUEST | NLM_F_ACK, what));
  return std::move(answer.replies);
}

Result<std::vector<NetlinkReply>> NetlinkSocket::dump(const NetlinkMessage& message,
                                                      std::string_view what) {
  constexpr int kAttempts = 16;
  for (int i = 0; i < kAttempts; ++i) {
    Exchange table = TRY(exchange(message, NLM_F_REQUEST | NLM_F_DUMP, what));
    if (!table.interrupted) return std::move(table.replies);
  }
  return errno_error("recvfrom", what, EAGAIN);
}

}  // namespace myrt::namespaces
