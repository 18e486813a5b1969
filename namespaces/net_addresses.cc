#include "namespaces/net_addresses.h"

#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <optional>

namespace myrt::namespaces {
namespace {

// IFA_PROTO, which the headers of Linux 5.17 brought.
constexpr std::uint16_t kIfaProto = 11;

// What makes an address; the rest of what the kernel tells is its state.
constexpr std::array<std::uint16_t, 7> kKeptAttributes = {
    IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_ANYCAST, IFA_CACHEINFO, IFA_RT_PRIORITY, kIfaProto};

constexpr std::uint32_t kKeptFlags =
    IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;

Result<std::optional<NetAddress>> kept_address(const NetlinkReply& reply) {
  const std::optional<ifaddrmsg> header = reply.structure<ifaddrmsg>();
  if (!header) return make_error(ErrorCode::protocol, "netlink address reply too short");
  if (header->ifa_scope != RT_SCOPE_UNIVERSE) return std::optional<NetAddress>();

  NetAddress address;
  address.header = *header;
  std::uint32_t flags = header->ifa_flags;
  const std::vector<NetlinkAttribute> attributes = TRY(reply.attributes<ifaddrmsg>());
  for (const NetlinkAttribute& attribute : attributes) {
    if (attribute.type == IFA_FLAGS) {
      flags = attribute_uint32(attribute.payload).value_or(flags);
    } else if (attribute.type == IFA_LABEL) {
      address.label = attribute_string(attribute.payload);
    } else if (std::find(kKeptAttributes.begin(), kKeptAttributes.end(), attribute.type) !=
               kKeptAttributes.end()) {
      address.attributes.emplace_back(attribute.type, attribute.payload);
    }
  }
  if ((flags & IFA_F_PERMANENT) == 0) return std::optional<NetAddress>();
  address.flags = flags & kKeptFlags;
  return std::optional<NetAddress>(std::move(address));
}

}  // namespace

Result<std::vector<NetAddress>> permanent_global_addresses(
    const std::vector<NetlinkReply>& replies) {
  std::vector<NetAddress> addresses;
  for (const NetlinkReply& reply : replies) {
    if (reply.type != RTM_NEWADDR) continue;
    std::optional<NetAddress> address = TRY(kept_address(reply));
    if (address) addresses.push_back(std::move(*address));
  }
  return addresses;
}

std::string renamed_label(const std::string& label, const std::string& old_name,
                          const std::string& new_name) {
  if (label == old_name) return new_name;
  if (!label.starts_with(old_name + ":")) return label;
  const std::string renamed = new_name + label.substr(old_name.size());
  return renamed.size() < IFNAMSIZ ? renamed : new_name;
}

NetlinkMessage new_address_message(const NetAddress& address, std::uint32_t index,
                                   const std::string& label) {
  NetlinkMessage message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  ifaddrmsg header = address.header;
  header.ifa_index = index;
  header.ifa_flags = static_cast<std::uint8_t>(address.flags & 0xffU);
  message.add_structure(header);
  for (const auto& [type, payload] : address.attributes) message.add_attribute(type, payload);
  message.add_uint32(IFA_FLAGS, address.flags);
  if (!label.empty()) message.add_string(IFA_LABEL, label);
  return message;
}

}  // namespace myrt::namespaces
