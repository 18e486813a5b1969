#include <array>

#include "oci-spec/inspect.h"

namespace myrt::oci {
namespace {

struct Clause {
  std::string_view pointer;  // `*`: any one token
  std::string_view text;
};

// The longest match counts; what has no entry of its own is what stands above it.
constexpr auto kClauses = std::to_array<Clause>({
    {"", "config.md"},
    {"/ociVersion", "config.md, Specification version"},
    {"/root", "config.md, Root"},
    {"/mounts", "config.md, Mounts"},
    {"/mounts/*/options", "config.md, Linux mount options"},
    {"/process", "config.md, Process"},
    {"/process/rlimits", "config.md, POSIX process"},
    {"/process/args", "config.md, Process"},
    {"/process/apparmorProfile", "config.md, Linux Process"},
    {"/process/capabilities", "config.md, Linux Process"},
    {"/process/noNewPrivileges", "config.md, Linux Process"},
    {"/process/oomScoreAdj", "config.md, Linux Process"},
    {"/process/selinuxLabel", "config.md, Linux Process"},
    {"/process/scheduler", "config.md, Linux Process"},
    {"/process/ioPriority", "config.md, Linux Process"},
    {"/process/execCPUAffinity", "config.md, Linux Process"},
    {"/process/user", "config.md, POSIX-platform User"},
    {"/hostname", "config.md, Hostname"},
    {"/domainname", "config.md, Domainname"},
    {"/hooks", "config.md, POSIX-platform Hooks"},
    {"/annotations", "config.md, Annotations"},
    {"/linux", "config-linux.md"},
    {"/linux/namespaces", "config-linux.md, Namespaces"},
    {"/linux/uidMappings", "config-linux.md, User namespace mappings"},
    {"/linux/gidMappings", "config-linux.md, User namespace mappings"},
    {"/linux/timeOffsets", "config-linux.md, Offset for Time Namespace"},
    {"/linux/devices", "config-linux.md, Devices"},
    {"/linux/netDevices", "config-linux.md, Network Devices"},
    {"/linux/cgroupsPath", "config-linux.md, Cgroups Path"},
    {"/linux/resources", "config-linux.md, Control groups"},
    {"/linux/resources/devices", "config-linux.md, Allowed Device list"},
    {"/linux/resources/memory", "config-linux.md, Memory"},
    {"/linux/resources/cpu", "config-linux.md, CPU"},
    {"/linux/resources/blockIO", "config-linux.md, Block IO"},
    {"/linux/resources/hugepageLimits", "config-linux.md, Huge page limits"},
    {"/linux/resources/network", "config-linux.md, Network"},
    {"/linux/resources/pids", "config-linux.md, PIDs"},
    {"/linux/resources/rdma", "config-linux.md, RDMA"},
    {"/linux/resources/unified", "config-linux.md, Unified"},
    {"/linux/intelRdt", "config-linux.md, IntelRdt"},
    {"/linux/memoryPolicy", "config-linux.md, Memory policy"},
    {"/linux/sysctl", "config-linux.md, Sysctl"},
    {"/linux/seccomp", "config-linux.md, Seccomp"},
    {"/linux/rootfsPropagation", "config-linux.md, Rootfs Mount Propagation"},
    {"/linux/maskedPaths", "config-linux.md, Masked Paths"},
    {"/linux/readonlyPaths", "config-linux.md, Readonly Paths"},
    {"/linux/mountLabel", "config-linux.md, Mount Label"},
    {"/linux/personality", "config-linux.md, Personality"},
});

std::string_view take_token(std::string_view& pointer) {
  const std::string_view token = pointer.substr(0, pointer.find('/', 1));
  pointer.remove_prefix(token.size());
  return token;
}

bool is_at_or_above(std::string_view clause, std::string_view pointer) {
  while (!clause.empty()) {
    const std::string_view wanted = take_token(clause);
    const std::string_view token = take_token(pointer);
    if (token.empty() || (wanted != token && wanted != "/*")) return false;
  }
  return true;
}

}  // namespace

std::string_view clause_of(std::string_view pointer) {
  const Clause* best = &kClauses.front();
  for (const Clause& clause : kClauses) {
    if (clause.pointer.size() > best->pointer.size() && is_at_or_above(clause.pointer, pointer)) {
      best = &clause;
    }
  }
  return best->text;
}

}  // namespace myrt::oci
