#include "namespaces/netlink.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>

#include "namespaces/net_addresses.h"
#include "tests/support/catch.h"

namespace {

using namespace std::string_literals;
using myrt::namespaces::NetAddress;
using myrt::namespaces::NetlinkMessage;
using myrt::namespaces::NetlinkReply;

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

// An answer to RTM_GETADDR, made with the builder and read back.
NetlinkReply address_reply(const ifaddrmsg& header,
                           const std::vector<std::pair<std::uint16_t, std::string>>& attributes) {
  NetlinkMessage message(RTM_NEWADDR);
  message.add_structure(header);
  for (const auto& [type, payload] : attributes) message.add_attribute(type, payload);
  const auto bytes = message.finish(1, 0);
  REQUIRE(bytes.ok());
  const auto replies = myrt::namespaces::parse_replies(*bytes);
  REQUIRE(replies.ok());
  REQUIRE(replies->size() == 1);
  return replies->front();
}

ifaddrmsg address_header(std::uint8_t family, std::uint8_t scope, std::uint8_t flags) {
  ifaddrmsg header = {};
  header.ifa_family = family;
  header.ifa_prefixlen = 24;
  header.ifa_scope = scope;
  header.ifa_flags = flags;
  header.ifa_index = 7;
  return header;
}

}  // namespace

TEST_CASE("a message holds header, structure and padded attributes", "[namespaces][NET-01]") {
  NetlinkMessage message(RTM_SETLINK, NLM_F_EXCL);
  ifinfomsg link = {};
  link.ifi_index = 9;
  message.add_structure(link).add_string(IFLA_IFNAME, "eth0").add_uint32(IFLA_NET_NS_FD, 5);

  const auto bytes = message.finish(77, NLM_F_REQUEST | NLM_F_ACK);

  REQUIRE(bytes.ok());
  nlmsghdr header = {};
  header.nlmsg_len = 16 + 16 + 12 + 8;
  header.nlmsg_type = RTM_SETLINK;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL;
  header.nlmsg_seq = 77;
  const std::uint32_t fd = 5;
  const nlattr name = {9, IFLA_IFNAME};
  const nlattr number = {8, IFLA_NET_NS_FD};
  CHECK(*bytes == bytes_of(header) + bytes_of(link) + bytes_of(name) + "eth0\0\0\0\0"s +
                      bytes_of(number) + bytes_of(fd));
}

TEST_CASE("an attribute longer than its length field is refused", "[namespaces][CVE-2021-43784]") {
  for (const std::size_t size : {std::size_t{65532}, std::size_t{65536}, std::size_t{65540}}) {
    NetlinkMessage message(RTM_SETLINK);
    message.add_attribute(IFLA_IFNAME, std::string(size, 'x'));
    CHECK_FALSE(message.finish(1, 0).ok());
  }
}

TEST_CASE("many attributes cannot outgrow the message", "[namespaces][CVE-2021-43784]") {
  NetlinkMessage message(RTM_SETLINK);
  for (int i = 0; i < 100; ++i) message.add_attribute(IFLA_IFNAME, std::string(1000, 'x'));
  message.add_uint32(IFLA_NET_NS_FD, 5);

  CHECK_FALSE(message.finish(1, 0).ok());
}

TEST_CASE("attributes are read back without padding and without flag bits", "[namespaces]") {
  NetlinkMessage message(RTM_NEWLINK);
  message.add_string(IFLA_IFNAME | NLA_F_NESTED, "ab").add_uint32(IFLA_MTU, 1500);
  const auto bytes = message.finish(1, 0);
  REQUIRE(bytes.ok());

  const auto attributes =
      myrt::namespaces::parse_attributes(std::string_view(*bytes).substr(sizeof(nlmsghdr)));

  REQUIRE(attributes.ok());
  REQUIRE(attributes->size() == 2);
  CHECK((*attributes)[0].type == IFLA_IFNAME);
  CHECK((*attributes)[0].payload == "ab\0"s);
  CHECK(myrt::namespaces::attribute_string((*attributes)[0].payload) == "ab");
  CHECK(myrt::namespaces::attribute_uint32((*attributes)[1].payload) == 1500U);
  CHECK_FALSE(myrt::namespaces::attribute_uint32((*attributes)[0].payload));
}

TEST_CASE("lengths that lead out of what was received are refused",
          "[namespaces][CVE-2021-43784]") {
  for (const std::uint16_t length :
       {std::uint16_t{0}, std::uint16_t{3}, std::uint16_t{9}, std::uint16_t{0xffff}}) {
    const nlattr attribute = {length, IFLA_IFNAME};
    CHECK_FALSE(myrt::namespaces::parse_attributes(bytes_of(attribute) + "1234").ok());
  }
  CHECK_FALSE(myrt::namespaces::parse_attributes("abc").ok());

  for (const std::uint32_t length : {0U, 15U, 17U, 0xffffffffU}) {
    nlmsghdr header = {};
    header.nlmsg_len = length;
    CHECK_FALSE(myrt::namespaces::parse_replies(bytes_of(header)).ok());
  }
}

TEST_CASE("a datagram may hold several replies and a short body", "[namespaces]") {
  nlmsghdr header = {};
  header.nlmsg_len = sizeof(header) + 2;
  header.nlmsg_type = NLMSG_DONE;
  header.nlmsg_seq = 3;
  const std::string one = bytes_of(header) + "ab" + std::string(2, '\0');

  const auto replies = myrt::namespaces::parse_replies(one + one);

  REQUIRE(replies.ok());
  REQUIRE(replies->size() == 2);
  CHECK((*replies)[1].sequence == 3);
  CHECK((*replies)[1].body == "ab");
  CHECK_FALSE((*replies)[0].structure<std::int32_t>());
  CHECK((*replies)[0].attributes<ifinfomsg>()->empty());
}

TEST_CASE("permanent global addresses of every family are kept, and no others",
          "[namespaces][NET-06]") {
  struct Row {
    const char* what;
    ifaddrmsg header;
    std::optional<std::uint32_t> flags;
    bool kept;
  };
  const Row rows[] = {
      {"IPv4", address_header(AF_INET, RT_SCOPE_UNIVERSE, IFA_F_PERMANENT), {}, true},
      {"IPv6", address_header(AF_INET6, RT_SCOPE_UNIVERSE, 0), IFA_F_PERMANENT, true},
      {"link scope", address_header(AF_INET6, RT_SCOPE_LINK, IFA_F_PERMANENT), {}, false},
      {"host scope", address_header(AF_INET, RT_SCOPE_HOST, IFA_F_PERMANENT), {}, false},
      {"leased", address_header(AF_INET, RT_SCOPE_UNIVERSE, 0), {}, false},
      {"leased by the long flags", address_header(AF_INET, RT_SCOPE_UNIVERSE, IFA_F_PERMANENT),
       IFA_F_NOPREFIXROUTE, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    std::vector<std::pair<std::uint16_t, std::string>> attributes = {{IFA_ADDRESS, "addr"}};
    if (row.flags) attributes.emplace_back(IFA_FLAGS, bytes_of(*row.flags));
    const auto kept =
        myrt::namespaces::permanent_global_addresses({address_reply(row.header, attributes)});
    REQUIRE(kept.ok());
    CHECK(kept->size() == (row.kept ? 1 : 0));
  }
}

TEST_CASE("an address is added again as it was, without the kernel's state",
          "[namespaces][NET-06]") {
  const std::uint32_t flags = IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE | IFA_F_TENTATIVE;
  const NetlinkReply reply = address_reply(
      address_header(AF_INET, RT_SCOPE_UNIVERSE, IFA_F_PERMANENT), {{IFA_ADDRESS, "peer"},
                                                                    {IFA_LOCAL, "self"},
                                                                    {IFA_LABEL, "old:1\0"s},
                                                                    {IFA_FLAGS, bytes_of(flags)},
                                                                    {IFA_TARGET_NETNSID, "nope"}});
  const auto kept = myrt::namespaces::permanent_global_addresses({reply});
  REQUIRE(kept.ok());
  REQUIRE(kept->size() == 1);
  CHECK(kept->front().label == "old:1");

  const auto bytes = myrt::namespaces::new_address_message(kept->front(), 12, "new:1")
                         .finish(1, NLM_F_REQUEST | NLM_F_ACK);

  REQUIRE(bytes.ok());
  NetlinkMessage expected(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_REQUEST | NLM_F_ACK);
  ifaddrmsg header = address_header(AF_INET, RT_SCOPE_UNIVERSE, 0);
  header.ifa_index = 12;
  expected.add_structure(header)
      .add_attribute(IFA_ADDRESS, "peer")
      .add_attribute(IFA_LOCAL, "self")
      .add_uint32(IFA_FLAGS, IFA_F_NOPREFIXROUTE)
      .add_string(IFA_LABEL, "new:1");
  CHECK(*bytes == *expected.finish(1, 0));
}

TEST_CASE("address labels follow the device's name", "[namespaces][NET-06]") {
  using myrt::namespaces::renamed_label;
  CHECK(renamed_label("old", "old", "eth0") == "eth0");
  CHECK(renamed_label("old:web", "old", "eth0") == "eth0:web");
  CHECK(renamed_label("other", "old", "eth0") == "other");
  CHECK(renamed_label("older", "old", "eth0") == "older");
  CHECK(renamed_label("", "old", "eth0").empty());
  CHECK(renamed_label("a:longlabel", "a", "fourteenletter") == "fourteenletter");
}
