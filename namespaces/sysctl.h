// Namespaced kernel parameters: which may be set, and setting them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "namespaces/plan.h"
#include "oci-spec/spec_linux.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::namespaces {

// A key in either spelling of sysctl(8) as a path below /proc/sys. The first separator decides:
// "net.ipv4.conf.eth0/100.mtu" and "net/ipv4/conf/eth0.100/mtu" are the same. nullopt when a
// component is empty, "." or "..", so that no key leads out of its directory. Pure.
std::optional<std::string> sysctl_path(std::string_view key);

// The namespace that a sysctl (as a path below /proc/sys) belongs to; nullopt when it is the
// host's alone (SYS-02). Pure. See sysctl(2)'s tables: ipc_namespaces(7), uts_namespaces(7),
// network_namespaces(7), namespaces(7) for user/.
std::optional<oci::NamespaceType> sysctl_namespace(std::string_view path);

// Writes every sysctl of the plan (SYS-01). Init, in the container's namespaces: the kernel looks
// the files below /proc/sys up in those of the caller. Errors: system, pointer /linux/sysctl/KEY
// (SYS-03).
Result<> write_sysctls(const sys::Procfs& procfs, const Plan& plan);

}  // namespace myrt::namespaces
