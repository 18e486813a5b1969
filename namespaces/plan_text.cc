#include <fmt/format.h>

#include <iterator>

#include "namespaces/plan.h"

namespace myrt::namespaces {
namespace {

// From the lowest bit up, which is the same on every host.
void append_flags(std::string& text, std::string_view title, std::uint64_t flags) {
  if (flags == 0) return;
  text += title;
  for (std::uint64_t flag = 1; flag != 0; flag <<= 1U) {
    if ((flags & flag) == 0) continue;
    const auto type = type_of_flag(flag);
    text += ' ';
    text += type ? to_string(*type) : std::string_view("?");
  }
  text += '\n';
}

void append_join(std::string& text, const Join& join) {
  fmt::format_to(std::back_inserter(text), "join {} `{}`", to_string(join.type), join.path);
  if (!join.private_for.empty()) {
    fmt::format_to(std::back_inserter(text), " private for {}", join.private_for);
  }
  text += '\n';
}

void append_mappings(std::string& text, std::string_view title,
                     const std::vector<oci::IdMapping>& mappings) {
  for (const oci::IdMapping& mapping : mappings) {
    fmt::format_to(std::back_inserter(text), "{} {} {} {}\n", title, mapping.container_id,
                   mapping.host_id, mapping.size);
  }
}

}  // namespace

std::string to_string(const Plan& plan) {
  std::string text;
  auto out = std::back_inserter(text);
  append_flags(text, "new", plan.new_flags);
  append_flags(text, "clone", plan.clone_flags);
  if (plan.joined_user) append_join(text, *plan.joined_user);
  for (const Join& join : plan.joins) append_join(text, join);
  if (plan.joined_pid) append_join(text, *plan.joined_pid);
  if (plan.needs_helper()) text += "clone through a helper\n";
  append_mappings(text, "uid map", plan.uid_mappings);
  append_mappings(text, "gid map", plan.gid_mappings);
  for (const auto& [clock, offset] : plan.time_offsets) {
    fmt::format_to(out, "time offset {} {} {}\n", clock, offset.secs, offset.nanosecs);
  }
  if (!plan.hostname.empty()) fmt::format_to(out, "hostname `{}`\n", plan.hostname);
  if (!plan.domainname.empty()) fmt::format_to(out, "domainname `{}`\n", plan.domainname);
  for (const Sysctl& sysctl : plan.sysctls) {
    fmt::format_to(out, "sysctl {} = `{}`\n", sysctl.path, sysctl.value);
  }
  for (const auto& [host_name, device] : plan.net_devices) {
    fmt::format_to(out, "net device {} as {}\n", host_name,
                   device.name.empty() ? host_name : device.name);
  }
  if (plan.keep_groups) text += "keep supplementary groups\n";
  if (plan.loopback) text += "loopback up\n";
  return text;
}

}  // namespace myrt::namespaces
