#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "namespaces/loopback.h"
#include "namespaces/net_addresses.h"
#include "namespaces/net_devices.h"
#include "namespaces/netlink.h"
#include "tests/integration/namespaces_fixture.h"
#include "tests/support/catch.h"

namespace {

using namespace myrt;
using namespace myrt::namespaces;
using oci::NamespaceType;
using namespace myrt::test;
using Devices = std::map<std::string, oci::NetDevice>;

ifinfomsg any_link() {
  ifinfomsg header = {};
  header.ifi_family = AF_UNSPEC;
  return header;
}

// One end of a veth pair; the kernel names the other.
Result<> make_device(NetlinkSocket& socket, const std::string& name) {
  NetlinkMessage kind(0);
  kind.add_string(IFLA_INFO_KIND, "veth");
  const std::string nested = TRY(kind.finish(0, 0)).substr(sizeof(nlmsghdr));
  NetlinkMessage message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.add_structure(any_link()).add_string(IFLA_IFNAME, name).add_uint32(IFLA_MTU, 1400);
  message.add_attribute(IFLA_LINKINFO, nested);
  TRY(socket.request(message, "make `" + name + "`"));
  return {};
}

// `text` is "10.1.2.3/24".
Result<> add_address(NetlinkSocket& socket, const std::string& device, std::uint8_t family,
                     const std::string& text, const std::string& label = {}) {
  const std::size_t slash = text.find('/');
  char raw[sizeof(in6_addr)] = {};
  ::inet_pton(family, text.substr(0, slash).c_str(), raw);
  const std::string bytes(raw, family == AF_INET ? 4 : 16);
  NetAddress address;
  address.header.ifa_family = family;
  address.header.ifa_prefixlen = static_cast<std::uint8_t>(std::stoi(text.substr(slash + 1)));
  address.flags = IFA_F_NODAD;
  address.attributes = {{IFA_LOCAL, bytes}, {IFA_ADDRESS, bytes}};
  TRY(socket.request(new_address_message(address, ::if_nametoindex(device.c_str()), label),
                     "add address"));
  return {};
}

// The permanent global addresses of the device in this process's network namespace, as text.
std::vector<std::string> addresses_of(const std::string& device) {
  Result<NetlinkSocket> socket = NetlinkSocket::open();
  NetlinkMessage message(RTM_GETADDR);
  message.add_structure(ifaddrmsg{});
  const auto replies = socket->dump(message, "read addresses");
  const auto addresses = permanent_global_addresses(*replies);
  std::vector<std::string> texts;
  for (const NetAddress& address : *addresses) {
    if (address.header.ifa_index != ::if_nametoindex(device.c_str())) continue;
    for (const auto& [type, payload] : address.attributes) {
      if (type != IFA_ADDRESS) continue;
      char text[INET6_ADDRSTRLEN] = {};
      ::inet_ntop(address.header.ifa_family, payload.data(), text, sizeof(text));
      texts.push_back(std::string(text) + "/" + std::to_string(address.header.ifa_prefixlen) +
                      (address.label.empty() ? "" : " " + address.label));
    }
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

ifreq device_request(const std::string& device) {
  ifreq request = {};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

bool is_up(const std::string& device) {
  const sys::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = device_request(device);
  return ::ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

int mtu_of(const std::string& device) {
  const sys::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = device_request(device);
  return ::ioctl(socket.get(), SIOCGIFMTU, &request) == 0 ? request.ifr_mtu : -1;
}

bool exists(const std::string& device) { return ::if_nametoindex(device.c_str()) != 0; }

// Two fresh network namespaces; the process is in the first, which plays the host's.
struct Namespaces {
  sys::UniqueFd host, container;
};
Result<Namespaces> two_namespaces() {
  sys::UniqueFd fds[2];
  for (sys::UniqueFd& fd : fds) {
    if (::unshare(CLONE_NEWNET) != 0) return errno_error("unshare", "make a network namespace");
    fd = TRY(open_own_namespace(procfs(), NamespaceType::network));
  }
  if (::setns(fds[0].get(), CLONE_NEWNET) != 0) return errno_error("setns", "go back");
  return Namespaces{std::move(fds[0]), std::move(fds[1])};
}

bool enter_namespace(const sys::UniqueFd& fd) { return ::setns(fd.get(), CLONE_NEWNET) == 0; }

}  // namespace

TEST_CASE("the loopback interface of a new network namespace comes up with its address",
          "[root][NSP-12]") {
  NEEDS_ROOT();
  expect_fine([] {
    FAIL_UNLESS(::unshare(CLONE_NEWNET) == 0);
    FAIL_UNLESS(!is_up("lo"));
    FAIL_UNLESS_OK(bring_loopback_up());
    FAIL_UNLESS(is_up("lo"));
    const sys::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    FAIL_UNLESS(
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    return kFine;
  });
}

TEST_CASE("a device moves with its new name, its attributes and its permanent addresses",
          "[root][NET-01][NET-02][NET-06][NET-07]") {
  NEEDS_ROOT();
  expect_fine([] {
    auto spaces = two_namespaces();
    FAIL_UNLESS_OK(spaces);
    auto socket = NetlinkSocket::open();
    FAIL_UNLESS_OK(make_device(*socket, "out0"));
    FAIL_UNLESS_OK(make_device(*socket, "out1"));
    FAIL_UNLESS_OK(add_address(*socket, "out0", AF_INET, "10.1.2.3/24", "out0"));
    FAIL_UNLESS_OK(add_address(*socket, "out0", AF_INET, "10.1.2.4/24", "out0:web"));
    FAIL_UNLESS_OK(add_address(*socket, "out0", AF_INET6, "fd00::3/64"));
    FAIL_UNLESS_OK(add_address(*socket, "out1", AF_INET, "10.9.9.9/32", "out1"));
    const unsigned old_index = ::if_nametoindex("out0");

    FAIL_UNLESS_OK(move_net_devices(procfs(), spaces->container.get(),
                                    Devices{{"out0", {"eth0"}}, {"out1", {}}}));

    FAIL_UNLESS(!exists("out0") && !exists("out1") && !exists("eth0"));
    FAIL_UNLESS(old_index != 0);
    FAIL_UNLESS(enter_namespace(spaces->container));
    FAIL_UNLESS(is_up("eth0") && is_up("out1"));
    FAIL_UNLESS(mtu_of("eth0") == 1400);
    FAIL_UNLESS(addresses_of("eth0") ==
                std::vector<std::string>{"10.1.2.3/24 eth0", "10.1.2.4/24 eth0:web", "fd00::3/64"});
    FAIL_UNLESS(addresses_of("out1") == std::vector<std::string>{"10.9.9.9/32 out1"});
    const auto routes = procfs().read("self/net/ipv6_route");
    FAIL_UNLESS_OK(routes);
    FAIL_UNLESS(routes->find("fd000000000000000000000000000000 40") != std::string::npos);
    return kFine;
  });
}

TEST_CASE("a template gets the first free number in the container", "[root][NET-05]") {
  NEEDS_ROOT();
  expect_fine([] {
    auto spaces = two_namespaces();
    FAIL_UNLESS_OK(spaces);
    FAIL_UNLESS(enter_namespace(spaces->container));
    auto inside = NetlinkSocket::open();
    FAIL_UNLESS_OK(make_device(*inside, "eth0"));
    FAIL_UNLESS(enter_namespace(spaces->host));
    auto socket = NetlinkSocket::open();
    FAIL_UNLESS_OK(make_device(*socket, "eth0"));
    FAIL_UNLESS_OK(add_address(*socket, "eth0", AF_INET, "10.1.2.3/24", "eth0"));

    FAIL_UNLESS_OK(
        move_net_devices(procfs(), spaces->container.get(), Devices{{"eth0", {"eth%d"}}}));

    FAIL_UNLESS(enter_namespace(spaces->container));
    FAIL_UNLESS(is_up("eth1") && !is_up("eth0"));
    FAIL_UNLESS(addresses_of("eth1") == std::vector<std::string>{"10.1.2.3/24 eth1"});
    return kFine;
  });
}

TEST_CASE("a name that is taken or a missing device is refused before anything moves",
          "[root][NET-03][NET-04][LIF-02]") {
  NEEDS_ROOT();
  expect_fine([] {
    auto spaces = two_namespaces();
    FAIL_UNLESS_OK(spaces);
    auto socket = NetlinkSocket::open();
    FAIL_UNLESS_OK(make_device(*socket, "aaa"));
    const unsigned index = ::if_nametoindex("aaa");

    const Result<> taken =
        move_net_devices(procfs(), spaces->container.get(), Devices{{"aaa", {"lo"}}});
    FAIL_UNLESS(!taken.ok() && taken.error().errno_value == EEXIST);
    FAIL_UNLESS(taken.error().pointer == "/linux/netDevices/aaa");
    const Result<> missing =
        move_net_devices(procfs(), spaces->container.get(), Devices{{"aaa", {}}, {"bbb", {}}});
    FAIL_UNLESS(!missing.ok() && missing.error().errno_value == ENODEV);
    FAIL_UNLESS(missing.error().pointer == "/linux/netDevices/bbb");
    FAIL_UNLESS(::if_nametoindex("aaa") == index);
    return kFine;
  });
}

TEST_CASE("devices go back as they were when a later one fails", "[root][NET-06][LIF-02]") {
  NEEDS_ROOT();
  expect_fine([] {
    auto spaces = two_namespaces();
    FAIL_UNLESS_OK(spaces);
    auto socket = NetlinkSocket::open();
    FAIL_UNLESS_OK(make_device(*socket, "aaa"));
    FAIL_UNLESS_OK(make_device(*socket, "bbb"));
    FAIL_UNLESS_OK(add_address(*socket, "aaa", AF_INET, "10.1.2.3/24", "aaa"));
    FAIL_UNLESS_OK(add_address(*socket, "bbb", AF_INET6, "fd00::3/64"));
    FAIL_UNLESS(enter_namespace(spaces->container));
    // So the address of the second device cannot be added there.
    FAIL_UNLESS_OK(procfs().write("sys/net/ipv6/conf/default/disable_ipv6", "1"));
    FAIL_UNLESS(enter_namespace(spaces->host));

    const Result<> moved = move_net_devices(procfs(), spaces->container.get(),
                                            Devices{{"aaa", {"eth0"}}, {"bbb", {"eth1"}}});

    FAIL_UNLESS(!moved.ok());
    FAIL_UNLESS(moved.error().pointer == "/linux/netDevices/bbb");
    FAIL_UNLESS(addresses_of("aaa") == std::vector<std::string>{"10.1.2.3/24 aaa"});
    FAIL_UNLESS(addresses_of("bbb") == std::vector<std::string>{"fd00::3/64"});
    FAIL_UNLESS(!is_up("aaa"));
    FAIL_UNLESS(enter_namespace(spaces->container));
    FAIL_UNLESS(!exists("eth0") && !exists("eth1"));
    return kFine;
  });
}

TEST_CASE("the runtime is in its own network namespace after a visit", "[root][NET-01]") {
  NEEDS_ROOT();
  expect_fine([] {
    auto spaces = two_namespaces();
    FAIL_UNLESS_OK(spaces);
    const auto before = sys::stat_fd(spaces->host.get());
    FAIL_UNLESS_OK(NetlinkSocket::open_in(procfs(), spaces->container.get()));
    const auto own = open_own_namespace(procfs(), NamespaceType::network);
    FAIL_UNLESS_OK(own);
    FAIL_UNLESS(sys::stat_fd(own->get())->st_ino == before->st_ino);
    const auto ipc = open_own_namespace(procfs(), NamespaceType::ipc);
    FAIL_UNLESS_OK(ipc);
    FAIL_UNLESS(!NetlinkSocket::open_in(procfs(), ipc->get()).ok());
    return kFine;
  });
}

TEST_CASE("the kernel's explanation is part of a netlink error", "[root]") {
  NEEDS_ROOT();
  expect_fine([] {
    auto spaces = two_namespaces();
    FAIL_UNLESS_OK(spaces);
    const Result<> moved =
        move_net_devices(procfs(), spaces->container.get(), Devices{{"lo", {"loop"}}});
    FAIL_UNLESS(!moved.ok());
    FAIL_UNLESS(moved.error().message.find("move network device: invalid argument (") !=
                std::string::npos);
    return kFine;
  });
}
