#include "capabilities/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace myrt::capabilities {
namespace {

// By number, from linux/capability.h.
constexpr std::array<std::string_view, kCapabilityCount> kNames = {"CAP_CHOWN",
                                                                   "CAP_DAC_OVERRIDE",
                                                                   "CAP_DAC_READ_SEARCH",
                                                                   "CAP_FOWNER",
                                                                   "CAP_FSETID",
                                                                   "CAP_KILL",
                                                                   "CAP_SETGID",
                                                                   "CAP_SETUID",
                                                                   "CAP_SETPCAP",
                                                                   "CAP_LINUX_IMMUTABLE",
                                                                   "CAP_NET_BIND_SERVICE",
                                                                   "CAP_NET_BROADCAST",
                                                                   "CAP_NET_ADMIN",
                                                                   "CAP_NET_RAW",
                                                                   "CAP_IPC_LOCK",
                                                                   "CAP_IPC_OWNER",
                                                                   "CAP_SYS_MODULE",
                                                                   "CAP_SYS_RAWIO",
                                                                   "CAP_SYS_CHROOT",
                                                                   "CAP_SYS_PTRACE",
                                                                   "CAP_SYS_PACCT",
                                                                   "CAP_SYS_ADMIN",
                                                                   "CAP_SYS_BOOT",
                                                                   "CAP_SYS_NICE",
                                                                   "CAP_SYS_RESOURCE",
                                                                   "CAP_SYS_TIME",
                                                                   "CAP_SYS_TTY_CONFIG",
                                                                   "CAP_MKNOD",
                                                                   "CAP_LEASE",
                                                                   "CAP_AUDIT_WRITE",
                                                                   "CAP_AUDIT_CONTROL",
                                                                   "CAP_SETFCAP",
                                                                   "CAP_MAC_OVERRIDE",
                                                                   "CAP_MAC_ADMIN",
                                                                   "CAP_SYSLOG",
                                                                   "CAP_WAKE_ALARM",
                                                                   "CAP_BLOCK_SUSPEND",
                                                                   "CAP_AUDIT_READ",
                                                                   "CAP_PERFMON",
                                                                   "CAP_BPF",
                                                                   "CAP_CHECKPOINT_RESTORE"};

}  // namespace

std::optional<unsigned> number_of(std::string_view name) {
  const auto* const known = std::ranges::find(kNames, name);
  if (known == kNames.end()) return std::nullopt;
  return static_cast<unsigned>(known - kNames.begin());
}

std::string name_of(unsigned number) {
  if (number < kCapabilityCount) return std::string(kNames[number]);
  return fmt::format("CAP_{}", number);
}

std::vector<std::string> all_names() { return {kNames.begin(), kNames.end()}; }

std::string to_string(Set set) {
  std::string text;
  for (unsigned number = 0; number < 64; ++number) {
    if ((set & bit(number)) == 0) continue;
    if (!text.empty()) text += ' ';
    text += name_of(number);
  }
  return text.empty() ? "none" : text;
}

}  // namespace myrt::capabilities
