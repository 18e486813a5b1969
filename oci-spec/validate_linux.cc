#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "oci-spec/problem_text.h"
#include "oci-spec/rule_report.h"
#include "oci-spec/rule_syntax.h"

namespace myrt::oci {
namespace {

constexpr std::array<std::string_view, 9> kPropagations = {  // ROP-01, and the recursive forms
    "", "private", "shared", "slave", "unbindable", "rprivate", "rshared", "rslave", "runbindable"};

// Memory policies by what set_mempolicy(2) wants of the nodes.
constexpr std::array<std::string_view, 2> kPoliciesWithoutNodes = {"MPOL_DEFAULT", "MPOL_LOCAL"};
constexpr std::array<std::string_view, 4> kPoliciesWithNodes = {
    "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED_MANY"};
constexpr std::array<std::string_view, 3> kPolicyFlags = {  // MPL-03
    "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"};
// The largest MAX_NUMNODES of any kernel is 1024.
constexpr unsigned kMaxNode = 1023;

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check_namespaces(const std::vector<Namespace>& namespaces, RuleReport& report) {
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    const Namespace& entry = namespaces[i];
    if (!entry.path.empty() && !is_absolute(entry.path)) {  // NSP-04
      report.broken(fmt::format("/linux/namespaces/{}/path", i),
                    expected_absolute_path(entry.path));
    }
    const auto is_same_type = [&](const Namespace& other) { return other.type == entry.type; };
    const auto end = namespaces.begin() + static_cast<std::ptrdiff_t>(i);
    const auto earlier = std::find_if(namespaces.begin(), end, is_same_type);
    if (earlier != end) {  // NSP-07
      const auto first = earlier - namespaces.begin();
      report.broken(fmt::format("/linux/namespaces/{}/type", i),
                    fmt::format("is the same as that of /linux/namespaces/{}", first),
                    {fmt::format("/linux/namespaces/{}", first)});
    }
  }
}

// IDS-01. Mappings beside the path of a user namespace are compared with that one's when it is
// joined.
void check_user_namespace(const Linux& linux_section, RuleReport& report) {
  check_id_mappings(linux_section.uid_mappings, "/linux/uidMappings", report);
  check_id_mappings(linux_section.gid_mappings, "/linux/gidMappings", report);
  const Namespace* user = find_namespace(linux_section, NamespaceType::user);
  if (user == nullptr || !user->path.empty()) return;
  constexpr std::string_view kMessage = "is required for a new user namespace";
  if (linux_section.uid_mappings.empty()) {
    report.broken("/linux/uidMappings", std::string(kMessage), {"/linux/namespaces"});
  }
  if (linux_section.gid_mappings.empty()) {
    report.broken("/linux/gidMappings", std::string(kMessage), {"/linux/namespaces"});
  }
}

void check_time_offsets(const Linux& linux_section, RuleReport& report) {
  if (linux_section.time_offsets.empty()) return;
  for (const auto& [clock, offset] : linux_section.time_offsets) {
    if (clock != "monotonic" && clock != "boottime") {  // TIM-02
      report.broken("/linux/timeOffsets/" + pointer_token(clock), "unknown clock " + quoted(clock));
    }
  }
  const Namespace* time = find_namespace(linux_section, NamespaceType::time);
  if (time == nullptr || !time->path.empty()) {  // TIM-03: an entered one has its offsets for good
    report.broken("/linux/timeOffsets", "needs a new time namespace", {"/linux/namespaces"});
  }
}

void check_devices(const std::vector<Device>& devices, RuleReport& report) {
  constexpr std::uint32_t kNoId = 4294967295U;  // chown(2) takes it for "leave as it is"
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const Device& device = devices[i];
    const std::string base = fmt::format("/linux/devices/{}", i);
    if (!is_absolute(device.path)) {
      report.broken(base + "/path", expected_absolute_path(device.path));
    }
    if (device.uid == kNoId) {
      report.broken(base + "/uid", expected_integer(0, kNoId - 1, std::to_string(kNoId)));
    }
    if (device.gid == kNoId) {
      report.broken(base + "/gid", expected_integer(0, kNoId - 1, std::to_string(kNoId)));
    }
  }
}

// NET-03, NET-05: the kernel takes one `%d`, at the end, for a number of its choice.
void check_net_devices(const std::map<std::string, NetDevice>& devices, RuleReport& report) {
  for (const auto& [host_name, device] : devices) {
    const std::string pointer = "/linux/netDevices/" + pointer_token(host_name);
    if (!is_interface_name(host_name)) {
      report.broken(pointer, "expected a network interface's name, got " + quoted(host_name));
    }
    std::string_view name = device.name;
    if (name.ends_with("%d")) name.remove_suffix(2);
    const bool is_valid = device.name.empty() || (is_interface_name(device.name) &&
                                                  name.find('%') == std::string_view::npos);
    if (!is_valid) {
      report.broken(pointer + "/name",
                    "expected a network interface's name, got " + quoted(device.name));
    }
  }
}

void check_schema_line(const std::string& line, const std::string& pointer, RuleReport& report) {
  if (line.find('\n') != std::string::npos) {
    report.broken(pointer, "must not contain a newline");
  }
}

void check_intel_rdt(const IntelRdt& rdt, RuleReport& report) {
  const std::string base = "/linux/intelRdt";
  const std::string clos = rdt.clos_id.value_or("/");
  if (clos != "/" &&
      (clos.empty() || clos == "." || clos == ".." || clos.find('/') != std::string::npos)) {
    report.broken(base + "/closID", "expected `/` or the name of a directory, got " + quoted(clos));
  }
  if (rdt.l3_cache_schema) {  // RDT-09; L3CODE and L3DATA where code and data are told apart
    if (!rdt.l3_cache_schema->starts_with("L3")) {
      report.broken(base + "/l3CacheSchema",
                    "expected to start with `L3:`, got " + quoted(*rdt.l3_cache_schema));
    }
    check_schema_line(*rdt.l3_cache_schema, base + "/l3CacheSchema", report);
  }
  if (rdt.mem_bw_schema) {  // RDT-10
    if (!rdt.mem_bw_schema->starts_with("MB:")) {
      report.broken(base + "/memBwSchema",
                    "expected to start with `MB:`, got " + quoted(*rdt.mem_bw_schema));
    }
    check_schema_line(*rdt.mem_bw_schema, base + "/memBwSchema", report);
  }
  if (!rdt.schemata) return;
  for (std::size_t i = 0; i < rdt.schemata->size(); ++i) {  // RDT-11
    check_schema_line((*rdt.schemata)[i], fmt::format("{}/schemata/{}", base, i), report);
  }
}

void check_memory_policy(const MemoryPolicy& policy, RuleReport& report) {
  const std::string base = "/linux/memoryPolicy";
  const bool needs_nodes = contains(kPoliciesWithNodes, policy.mode);
  const bool takes_none = contains(kPoliciesWithoutNodes, policy.mode);
  if (!needs_nodes && !takes_none && policy.mode != "MPOL_PREFERRED") {  // MPL-01
    report.broken(base + "/mode", "unknown memory policy " + quoted(policy.mode));
  }
  if (policy.nodes.empty() && needs_nodes) {  // MPL-02
    report.broken(base + "/nodes", "is required with " + quoted(policy.mode), {base + "/mode"});
  } else if (!policy.nodes.empty() && takes_none) {
    report.broken(base + "/nodes", quoted(policy.mode) + " takes no nodes", {base + "/mode"});
  } else if (!policy.nodes.empty() && !is_number_list(policy.nodes, kMaxNode)) {
    report.broken(base + "/nodes", fmt::format("expected a list of nodes up to {}, got {}",
                                               kMaxNode, quoted(policy.nodes)));
  }
  for (std::size_t i = 0; i < policy.flags.size(); ++i) {
    if (!contains(kPolicyFlags, policy.flags[i])) {
      report.broken(fmt::format("{}/flags/{}", base, i),
                    "unknown memory policy flag " + quoted(policy.flags[i]));
    }
  }
}

void check_absolute_paths(const std::vector<std::string>& paths, std::string_view member,
                          RuleReport& report) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (is_absolute(paths[i])) continue;
    report.broken(fmt::format("/linux/{}/{}", member, i), expected_absolute_path(paths[i]));
  }
}

// In a config (unlike in an update, where the limit may be there already) swap without a limit has
// nothing to be added to (CME-03).
void check_swap_has_limit(const MemoryResources& memory, RuleReport& report) {
  if (memory.swap.value_or(0) > 0 && memory.limit.value_or(0) == 0) {
    report.broken("/linux/resources/memory/swap", "needs a memory limit",
                  {"/linux/resources/memory/limit"});
  }
}

}  // namespace

void check_linux(const Linux& linux_section, RuleReport& report) {
  check_namespaces(linux_section.namespaces, report);
  check_user_namespace(linux_section, report);
  check_time_offsets(linux_section, report);
  check_devices(linux_section.devices, report);
  check_net_devices(linux_section.net_devices, report);
  if (linux_section.resources) {
    check_resources(*linux_section.resources, "/linux/resources", report);
    if (linux_section.resources->memory) {
      check_swap_has_limit(*linux_section.resources->memory, report);
    }
  }
  if (linux_section.intel_rdt) check_intel_rdt(*linux_section.intel_rdt, report);
  if (linux_section.seccomp) check_seccomp(*linux_section.seccomp, report);
  if (!contains(kPropagations, linux_section.rootfs_propagation)) {
    report.broken("/linux/rootfsPropagation",
                  "unknown mount propagation " + quoted(linux_section.rootfs_propagation));
  }
  check_absolute_paths(linux_section.masked_paths, "maskedPaths", report);      // MSK-01
  check_absolute_paths(linux_section.readonly_paths, "readonlyPaths", report);  // MSK-02
  if (linux_section.personality && linux_section.personality->domain != "LINUX" &&
      linux_section.personality->domain != "LINUX32") {  // PER-01
    report.broken("/linux/personality/domain",
                  "unknown execution domain " + quoted(linux_section.personality->domain));
  }
  if (linux_section.memory_policy) check_memory_policy(*linux_section.memory_policy, report);
}

}  // namespace myrt::oci
