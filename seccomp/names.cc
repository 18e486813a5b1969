#include "seccomp/names.h"

#include <fmt/format.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace myrt::seccomp {
namespace {

constexpr std::array kActions = {
    Action{"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, false},
    Action{"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, false},
    Action{"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, false},
    Action{"SCMP_ACT_TRAP", SECCOMP_RET_TRAP, false},
    Action{"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, true},
    Action{"SCMP_ACT_TRACE", SECCOMP_RET_TRACE, true},
    Action{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, false},
    Action{"SCMP_ACT_LOG", SECCOMP_RET_LOG, false},
    Action{"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF, false},
};

struct NamedOperator {
  std::string_view name;
  Operator value;
};
constexpr std::array kOperators = {
    NamedOperator{"SCMP_CMP_NE", Operator::ne},
    NamedOperator{"SCMP_CMP_LT", Operator::lt},
    NamedOperator{"SCMP_CMP_LE", Operator::le},
    NamedOperator{"SCMP_CMP_EQ", Operator::eq},
    NamedOperator{"SCMP_CMP_GE", Operator::ge},
    NamedOperator{"SCMP_CMP_GT", Operator::gt},
    NamedOperator{"SCMP_CMP_MASKED_EQ", Operator::masked_eq},
};

// The spec's names and what libseccomp calls them (seccomp_arch_resolve_name(3)).
struct NamedArchitecture {
  std::string_view name;
  const char* library_name;
};
constexpr std::array kArchitectures = {
    NamedArchitecture{"SCMP_ARCH_X86", "x86"},
    NamedArchitecture{"SCMP_ARCH_X86_64", "x86_64"},
    NamedArchitecture{"SCMP_ARCH_X32", "x32"},
    NamedArchitecture{"SCMP_ARCH_ARM", "arm"},
    NamedArchitecture{"SCMP_ARCH_AARCH64", "aarch64"},
    NamedArchitecture{"SCMP_ARCH_MIPS", "mips"},
    NamedArchitecture{"SCMP_ARCH_MIPS64", "mips64"},
    NamedArchitecture{"SCMP_ARCH_MIPS64N32", "mips64n32"},
    NamedArchitecture{"SCMP_ARCH_MIPSEL", "mipsel"},
    NamedArchitecture{"SCMP_ARCH_MIPSEL64", "mipsel64"},
    NamedArchitecture{"SCMP_ARCH_MIPSEL64N32", "mipsel64n32"},
    NamedArchitecture{"SCMP_ARCH_PPC", "ppc"},
    NamedArchitecture{"SCMP_ARCH_PPC64", "ppc64"},
    NamedArchitecture{"SCMP_ARCH_PPC64LE", "ppc64le"},
    NamedArchitecture{"SCMP_ARCH_S390", "s390"},
    NamedArchitecture{"SCMP_ARCH_S390X", "s390x"},
    NamedArchitecture{"SCMP_ARCH_PARISC", "parisc"},
    NamedArchitecture{"SCMP_ARCH_PARISC64", "parisc64"},
    NamedArchitecture{"SCMP_ARCH_RISCV64", "riscv64"},
    NamedArchitecture{"SCMP_ARCH_LOONGARCH64", "loongarch64"},
    NamedArchitecture{"SCMP_ARCH_M68K", "m68k"},
    NamedArchitecture{"SCMP_ARCH_SH", "sh"},
    NamedArchitecture{"SCMP_ARCH_SHEB", "sheb"},
};

struct NamedFlag {
  std::string_view name;
  unsigned value;
};
constexpr std::array kFlags = {
    NamedFlag{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    NamedFlag{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    NamedFlag{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    NamedFlag{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
};

// Does what seccomp(2) advises for probing: with a null filter, EFAULT says that the flags passed.
bool kernel_takes(unsigned flag) {
  unsigned flags = flag;
  // The kernel takes this one only together with a listener.
  if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, nullptr) == -1 && errno == EFAULT;
}

template <class Table>
auto find_named(const Table& table, std::string_view name) {
  return std::ranges::find_if(table, [&](const auto& entry) { return entry.name == name; });
}

template <class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const auto& entry : table) names.emplace_back(entry.name);
  return names;
}

}  // namespace

std::vector<std::string> action_names() { return names_of(kActions); }
std::vector<std::string> operator_names() { return names_of(kOperators); }
std::vector<std::string> known_flags() { return names_of(kFlags); }

std::vector<std::string> arch_names() {
  std::vector<std::string> names;
  for (const NamedArchitecture& entry : kArchitectures) {
    // Recognised is what compile() would take: an older library knows fewer (SEC-05).
    if (::seccomp_arch_resolve_name(entry.library_name) != 0) names.emplace_back(entry.name);
  }
  return names;
}

std::vector<std::string> supported_flags() {
  std::vector<std::string> names;
  for (const NamedFlag& entry : kFlags) {
    if (kernel_takes(entry.value)) names.emplace_back(entry.name);
  }
  return names;
}

std::string library_version() {
  const scmp_version* version = ::seccomp_version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->micro);
}

std::optional<Action> find_action(std::string_view name) {
  const auto found = find_named(kActions, name);
  return found == kActions.end() ? std::nullopt : std::optional(*found);
}

std::optional<Operator> find_operator(std::string_view name) {
  const auto found = find_named(kOperators, name);
  return found == kOperators.end() ? std::nullopt : std::optional(found->value);
}

std::optional<unsigned> find_flag(std::string_view name) {
  const auto found = find_named(kFlags, name);
  return found == kFlags.end() ? std::nullopt : std::optional(found->value);
}

std::optional<std::uint32_t> find_architecture(std::string_view name) {
  const auto found = find_named(kArchitectures, name);
  if (found == kArchitectures.end()) return std::nullopt;
  return ::seccomp_arch_resolve_name(found->library_name);
}

}  // namespace myrt::seccomp
