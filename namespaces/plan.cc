#include "namespaces/plan.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "namespaces/net_devices.h"
#include "namespaces/pointers.h"
#include "namespaces/sysctl.h"

namespace myrt::namespaces {
namespace {

using oci::NamespaceType;

constexpr std::uint64_t kMadeByInit = CLONE_NEWCGROUP | CLONE_NEWTIME;
constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;

// Mount is last: entering it changes what every path means.
constexpr std::array<NamespaceType, 6> kJoinOrder = {NamespaceType::ipc,     NamespaceType::uts,
                                                     NamespaceType::network, NamespaceType::cgroup,
                                                     NamespaceType::time,    NamespaceType::mount};

Error needs_private(std::string pointer, NamespaceType type) {
  return config_error(std::move(pointer),
                      fmt::format("needs a private {} namespace", to_string(type)));
}

Join* find_join(Plan& plan, NamespaceType type) {
  if (type == NamespaceType::user) return plan.joined_user ? &*plan.joined_user : nullptr;
  if (type == NamespaceType::pid) return plan.joined_pid ? &*plan.joined_pid : nullptr;
  for (Join& join : plan.joins) {
    if (join.type == type) return &join;
  }
  return nullptr;
}

// A new namespace is private for certain; one joined by path only when it is not the host's, which
// open_joins finds out.
Result<> require_private(Plan& plan, NamespaceType type, const std::string& pointer) {
  if (!plan.is_private(type)) return needs_private(pointer, type);
  Join* join = find_join(plan, type);
  if (join != nullptr && join->private_for.empty()) join->private_for = pointer;
  return {};
}

Result<> plan_namespaces(Plan& plan, const std::vector<oci::Namespace>& namespaces) {
  std::array<std::optional<Join>, 8> joins;
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    const oci::Namespace& entry = namespaces[i];
    const std::uint64_t flag = clone_flag(entry.type);
    if (((plan.new_flags | plan.joined_flags) & flag) != 0) {
      return config_error(fmt::format("/linux/namespaces/{}/type", i),
                          fmt::format("`{}` is listed twice", to_string(entry.type)));
    }
    if (entry.path.empty()) {
      plan.new_flags |= flag;
      continue;
    }
    plan.joined_flags |= flag;
    joins[static_cast<std::size_t>(entry.type)] =
        Join{entry.type, entry.path, fmt::format("/linux/namespaces/{}/path", i), {}};
  }

  plan.clone_flags = plan.new_flags & ~kMadeByInit;
  plan.joined_user = joins[static_cast<std::size_t>(NamespaceType::user)];
  plan.joined_pid = joins[static_cast<std::size_t>(NamespaceType::pid)];
  for (const NamespaceType type : kJoinOrder) {
    std::optional<Join>& join = joins[static_cast<std::size_t>(type)];
    if (join) plan.joins.push_back(std::move(*join));
  }
  if (plan.is_private(NamespaceType::user)) plan.clone_flags &= ~std::uint64_t{CLONE_NEWIPC};
  plan.loopback = plan.is_new(NamespaceType::network);
  return {};
}

Result<> plan_id_mappings(Plan& plan, const oci::Linux& linux) {
  const bool is_new = plan.is_new(NamespaceType::user);
  if (!plan.is_private(NamespaceType::user)) {
    if (!linux.uid_mappings.empty())
      return needs_private("/linux/uidMappings", NamespaceType::user);
    if (!linux.gid_mappings.empty())
      return needs_private("/linux/gidMappings", NamespaceType::user);
  }
  // A joined user namespace has its maps; the config repeats them for the idmapped mounts' sake.
  if (!is_new) return {};
  if (linux.uid_mappings.empty()) {
    return config_error("/linux/uidMappings", "is required for a new user namespace");
  }
  if (linux.gid_mappings.empty()) {
    return config_error("/linux/gidMappings", "is required for a new user namespace");
  }
  plan.uid_mappings = linux.uid_mappings;
  plan.gid_mappings = linux.gid_mappings;
  return {};
}

Result<> plan_time_offsets(Plan& plan, const oci::Linux& linux) {
  if (linux.time_offsets.empty()) return {};
  if (!plan.is_new(NamespaceType::time)) {
    return config_error("/linux/timeOffsets", "needs a new time namespace");
  }
  for (const auto& [clock, offset] : linux.time_offsets) {
    if (offset.nanosecs >= kNanosecondsPerSecond) {
      return config_error(pointer_to_key("/linux/timeOffsets", clock) + "/nanosecs",
                          fmt::format("expected less than a second, got {}", offset.nanosecs));
    }
  }
  plan.time_offsets = linux.time_offsets;
  return {};
}

Result<> plan_names(Plan& plan, const oci::Spec& spec) {
  if (!spec.hostname.empty()) TRY(require_private(plan, NamespaceType::uts, "/hostname"));
  if (!spec.domainname.empty()) TRY(require_private(plan, NamespaceType::uts, "/domainname"));
  plan.hostname = spec.hostname;
  plan.domainname = spec.domainname;
  return {};
}

// `hostname` and `domainname` have fields of their own, and two sources for one value would leave
// the result to the order of the writes.
Result<> refuse_sysctl_clash(const oci::Spec& spec, const std::string& path,
                             const std::string& pointer) {
  if (path == "kernel/hostname") return config_error(pointer, "is set by `hostname`");
  if (path == "kernel/domainname" && !spec.domainname.empty()) {
    return config_error(pointer, "is set by `domainname`");
  }
  return {};
}

Result<> plan_sysctls(Plan& plan, const oci::Spec& spec) {
  std::set<std::string> paths;
  for (const auto& [key, value] : spec.linux->sysctl) {
    const std::string pointer = pointer_to_key("/linux/sysctl", key);
    std::optional<std::string> path = sysctl_path(key);
    if (!path) return config_error(pointer, "is not the name of a sysctl");
    TRY(refuse_sysctl_clash(spec, *path, pointer));
    const std::optional<NamespaceType> type = sysctl_namespace(*path);
    if (!type) return config_error(pointer, "is not namespaced and would change the host");
    TRY(require_private(plan, *type, pointer));
    if (!paths.insert(*path).second) return config_error(pointer, "is set twice");
    plan.sysctls.push_back({key, std::move(*path), value});
  }
  return {};
}

Result<> plan_net_devices(Plan& plan, const oci::Linux& linux) {
  std::set<std::string_view> names;
  for (const auto& [host_name, device] : linux.net_devices) {
    const std::string pointer = pointer_to_key("/linux/netDevices", host_name);
    TRY(require_private(plan, NamespaceType::network, pointer));
    const std::string_view host_problem = device_name_problem(host_name, NameTemplate::refused);
    if (!host_problem.empty()) return config_error(pointer, host_problem);
    const std::string_view name = device.name.empty() ? host_name : device.name;
    const std::string_view problem = device_name_problem(name, NameTemplate::allowed);
    if (!problem.empty()) return config_error(pointer + "/name", problem);
    if (!is_name_template(name) && !names.insert(name).second) {
      return config_error(pointer + "/name", fmt::format("`{}` is given to two devices", name));
    }
  }
  plan.net_devices = linux.net_devices;
  return {};
}

}  // namespace

Result<Plan> plan(const oci::Spec& spec) {
  Plan result;
  if (spec.linux) {
    TRY(plan_namespaces(result, spec.linux->namespaces));
    TRY(plan_id_mappings(result, *spec.linux));
    TRY(plan_time_offsets(result, *spec.linux));
  }
  TRY(plan_names(result, spec));
  if (spec.linux) {
    TRY(plan_sysctls(result, spec));
    TRY(plan_net_devices(result, *spec.linux));
  }
  return result;
}

std::uint64_t joinable_flags(const Plan& plan) { return plan.new_flags | plan.joined_flags; }

}  // namespace myrt::namespaces
