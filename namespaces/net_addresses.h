// The addresses of a network device that a move to another namespace must carry over (NET-06).
#pragma once

#include <linux/if_addr.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "namespaces/netlink.h"
#include "sys/result.h"

namespace myrt::namespaces {

struct NetAddress {
  ifaddrmsg header = {};    // ifa_index is the device's where it was read
  std::uint32_t flags = 0;  // IFA_F_*, only those that a new address may be given
  std::string label;        // IPv4 only
  std::vector<std::pair<std::uint16_t, std::string>> attributes;  // IFA_*, as the kernel told them
};

// The permanent (IFA_F_PERMANENT) addresses of global scope among the answers to RTM_GETADDR, of
// every family, in the kernel's order: the first of a subnet is its primary address. Pure. Errors:
// protocol.
Result<std::vector<NetAddress>> permanent_global_addresses(
    const std::vector<NetlinkReply>& replies);

// `label` for a device that is no longer `old_name` but `new_name`: an alias ("eth0:1") keeps its
// suffix where the whole still fits. Pure.
std::string renamed_label(const std::string& label, const std::string& old_name,
                          const std::string& new_name);

// The request that gives `address` to the device `index`. Pure.
NetlinkMessage new_address_message(const NetAddress& address, std::uint32_t index,
                                   const std::string& label);

}  // namespace myrt::namespaces
