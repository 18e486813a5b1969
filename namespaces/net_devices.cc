#include "namespaces/net_devices.h"

#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "namespaces/net_addresses.h"
#include "namespaces/netlink.h"
#include "namespaces/pointers.h"
#include "sys/files.h"

namespace myrt::namespaces {
namespace {

constexpr std::string_view kTemplateEnd = "%d";

struct Link {
  std::uint32_t index = 0;
  std::uint32_t flags = 0;  // IFF_*
  std::string name;
};

// A device on its way. `index_in_target` is 0 until it has arrived.
struct Move {
  std::string target_name;  // or a template
  Link host;
  std::vector<NetAddress> addresses;
  std::uint32_t index_in_target = 0;
};

// Both ends of a move.
struct Ends {
  NetlinkSocket host, target;
  int host_netns_fd, target_netns_fd;
};

ifinfomsg link_header(std::uint32_t index) {
  ifinfomsg header = {};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = static_cast<int>(index);
  return header;
}

Result<Link> get_link(NetlinkSocket& socket, const NetlinkMessage& message,
                      const std::string& what) {
  const std::vector<NetlinkReply> replies = TRY(socket.request(message, what));
  for (const NetlinkReply& reply : replies) {
    const auto header = reply.structure<ifinfomsg>();
    if (reply.type != RTM_NEWLINK || !header) continue;
    Link link;
    link.index = static_cast<std::uint32_t>(header->ifi_index);
    link.flags = header->ifi_flags;
    const std::vector<NetlinkAttribute> attributes = TRY(reply.attributes<ifinfomsg>());
    for (const NetlinkAttribute& attribute : attributes) {
      if (attribute.type == IFLA_IFNAME) link.name = attribute_string(attribute.payload);
    }
    return link;
  }
  return make_error(ErrorCode::protocol, what + ": netlink answered without a device");
}

Result<Link> find_link(NetlinkSocket& socket, const std::string& name) {
  NetlinkMessage message(RTM_GETLINK);
  message.add_structure(link_header(0)).add_string(IFLA_IFNAME, name);
  return get_link(socket, message, fmt::format("find network device `{}`", name));
}

Result<Link> read_link(NetlinkSocket& socket, std::uint32_t index) {
  NetlinkMessage message(RTM_GETLINK);
  message.add_structure(link_header(index));
  return get_link(socket, message, fmt::format("read network device {}", index));
}

Result<> rename_link(NetlinkSocket& socket, std::uint32_t index, const std::string& name) {
  NetlinkMessage message(RTM_SETLINK);
  message.add_structure(link_header(index)).add_string(IFLA_IFNAME, name);
  TRY(socket.request(message, fmt::format("rename network device to `{}`", name)));
  return {};
}

Result<> set_link_up(NetlinkSocket& socket, std::uint32_t index) {
  ifinfomsg header = link_header(index);
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  NetlinkMessage message(RTM_SETLINK);
  message.add_structure(header);
  TRY(socket.request(message, "set network device up"));
  return {};
}

// A name that nothing has: a move whose name is taken could stop half-way, with the device already
// on the other side under a name that nobody knows.
std::string passing_name() {
  constexpr std::size_t kRandomBytes = 5;
  return "myrt" + sys::random_hex(kRandomBytes);
}

// Moves the device through `from` into the namespace `netns_fd`, which `to` belongs to. Returns it
// as it is there.
Result<Link> send_link(NetlinkSocket& from, std::uint32_t index, NetlinkSocket& to, int netns_fd) {
  const std::string name = passing_name();
  NetlinkMessage message(RTM_SETLINK);
  message.add_structure(link_header(index))
      .add_uint32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns_fd))
      .add_string(IFLA_IFNAME, name);
  TRY(from.request(message, "move network device"));
  return find_link(to, name);
}

Result<> add_addresses(NetlinkSocket& socket, const Move& move, const Link& link) {
  for (const NetAddress& address : move.addresses) {
    const std::string label = renamed_label(address.label, move.host.name, link.name);
    TRY(socket.request(new_address_message(address, link.index, label),
                       fmt::format("add an address to network device `{}`", link.name)));
  }
  return {};
}

Result<> check_name_is_free(NetlinkSocket& target, const std::string& name) {
  if (is_name_template(name)) return {};
  const Result<Link> link = find_link(target, name);
  if (!link.ok() && link.error().errno_value == ENODEV) return {};
  if (!link.ok()) return link.error();
  return errno_error("sendto", fmt::format("network device `{}` in the container", name), EEXIST);
}

// Everything that can be known before the first device leaves.
Result<Move> prepare_move(Ends& ends, const std::string& host_name, const oci::NetDevice& device,
                          const std::vector<NetAddress>& addresses) {
  Move move;
  move.target_name = device.name.empty() ? host_name : device.name;
  move.host = TRY(find_link(ends.host, host_name));
  TRY(check_name_is_free(ends.target, move.target_name));
  std::copy_if(
      addresses.begin(), addresses.end(), std::back_inserter(move.addresses),
      [&move](const NetAddress& address) { return address.header.ifa_index == move.host.index; });
  return move;
}

Result<> carry_out(Ends& ends, Move& move) {
  Link link = TRY(send_link(ends.host, move.host.index, ends.target, ends.target_netns_fd));
  move.index_in_target = link.index;
  // Before the addresses come: a rename would number their labels anew.
  TRY(rename_link(ends.target, link.index, move.target_name));
  link.name = move.target_name;
  if (is_name_template(move.target_name)) link = TRY(read_link(ends.target, link.index));
  TRY(add_addresses(ends.target, move, link));
  return set_link_up(ends.target, link.index);
}

Result<> take_back(Ends& ends, const Move& move) {
  Link link = TRY(send_link(ends.target, move.index_in_target, ends.host, ends.host_netns_fd));
  TRY(rename_link(ends.host, link.index, move.host.name));
  link.name = move.host.name;
  TRY(add_addresses(ends.host, move, link));
  if ((move.host.flags & IFF_UP) != 0) TRY(set_link_up(ends.host, link.index));
  return {};
}

Result<std::vector<NetAddress>> read_addresses(NetlinkSocket& socket) {
  NetlinkMessage message(RTM_GETADDR);
  ifaddrmsg header = {};
  header.ifa_family = AF_UNSPEC;  // every family
  message.add_structure(header);
  const std::vector<NetlinkReply> replies = TRY(socket.dump(message, "read network addresses"));
  return permanent_global_addresses(replies);
}

std::string device_pointer(const std::string& host_name) {
  return pointer_to_key("/linux/netDevices", host_name);
}

}  // namespace

bool is_name_template(std::string_view name) { return name.ends_with(kTemplateEnd); }

std::string_view device_name_problem(std::string_view name, NameTemplate name_template) {
  if (name.empty()) return "is empty";
  if (name.size() >= IFNAMSIZ) return "is longer than 15 characters";
  if (name == "." || name == "..") return "is not the name of a network device";
  // The kernel's own list; NUL is ours, because the name would end there.
  if (name.find_first_of(std::string_view("/: \t\n\v\f\r\0", 9)) != std::string_view::npos) {
    return "holds a character that network devices may not have";
  }
  if (name_template == NameTemplate::allowed && is_name_template(name)) {
    name.remove_suffix(kTemplateEnd.size());
  }
  if (name.find('%') != std::string_view::npos) return "holds a `%` other than `%d` at its end";
  return {};
}

Result<> move_net_devices(const sys::Procfs& procfs, int target_netns_fd,
                          const std::map<std::string, oci::NetDevice>& devices) {
  if (devices.empty()) return {};
  const sys::UniqueFd host_netns = TRY(open_own_namespace(procfs, oci::NamespaceType::network));
  NetlinkSocket host = TRY(NetlinkSocket::open());
  NetlinkSocket target = TRY(NetlinkSocket::open_in(procfs, target_netns_fd));
  Ends ends = {std::move(host), std::move(target), host_netns.get(), target_netns_fd};
  const std::vector<NetAddress> addresses = TRY(read_addresses(ends.host));
  std::vector<Move> moves;
  moves.reserve(devices.size());
  for (const auto& [host_name, device] : devices) {
    moves.push_back(
        TRY(prepare_move(ends, host_name, device, addresses).at(device_pointer(host_name))));
  }

  for (Move& move : moves) {
    Result<> moved = carry_out(ends, move);
    if (moved.ok()) continue;
    for (const Move& done : moves) {
      if (done.index_in_target == 0) continue;
      ignore(take_back(ends, done), "the first error is the one to tell");
    }
    return std::move(moved)
        .context(fmt::format("network device `{}`", move.host.name))
        .at(device_pointer(move.host.name));
  }
  return {};
}

Result<> move_net_devices(const sys::Procfs& procfs, const Plan& plan, const OpenJoins& joins,
                          pid_t init) {
  if (plan.net_devices.empty()) return {};
  for (std::size_t i = 0; i < plan.joins.size(); ++i) {
    if (plan.joins[i].type != oci::NamespaceType::network) continue;
    return move_net_devices(procfs, joins.others[i].get(), plan.net_devices);
  }
  const sys::UniqueFd target = TRY(open_namespace(procfs, init, oci::NamespaceType::network));
  return move_net_devices(procfs, target.get(), plan.net_devices);
}

}  // namespace myrt::namespaces
