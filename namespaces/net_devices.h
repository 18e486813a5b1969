// Moving network devices of the host into the container (config-linux.md, "Network Devices").
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>

#include "namespaces/enter.h"
#include "namespaces/plan.h"
#include "oci-spec/spec_linux.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::namespaces {

// Why the kernel would not take `name` for a device, or "" when it would. A name may be a template
// that ends in "%d" (NET-03, NET-05). Pure.
enum class NameTemplate : std::uint8_t { refused, allowed };
std::string_view device_name_problem(std::string_view name, NameTemplate name_template);
// The kernel picks a number for it: the name ends in "%d" (NET-05). Pure.
bool is_name_template(std::string_view name);

// Moves each device from the runtime's network namespace to `target_netns_fd` under its new name,
// with its attributes and its permanent global addresses of every family, and sets it up (NET-01 to
// NET-07). The new name must be free there unless it is a template (NET-04, NET-05). Afterwards
// nobody looks after the device (NET-08, NET-09). Runtime process; it visits the target to open a
// socket there and comes back before it does anything else. When a device fails, those already
// moved go back to their old names, with those addresses and as up or down as they were; routes
// that went with them are lost. Errors: system, with the pointer of the device.
Result<> move_net_devices(const sys::Procfs& procfs, int target_netns_fd,
                          const std::map<std::string, oci::NetDevice>& devices);

// The same for a plan: into the network namespace that is joined, or that clone3 made for `init`.
// Does nothing when the plan moves no devices. Runtime process, after clone3, before `proceed`.
Result<> move_net_devices(const sys::Procfs& procfs, const Plan& plan, const OpenJoins& joins,
                          pid_t init);

}  // namespace myrt::namespaces
