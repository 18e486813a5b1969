#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "oci-spec/problem_text.h"
#include "oci-spec/rule_report.h"

namespace myrt::oci {
namespace {

constexpr std::string_view kBase = "/linux/seccomp";
constexpr std::string_view kNotify = "SCMP_ACT_NOTIFY";

constexpr std::array<std::string_view, 9> kActions = {  // SEC-08
    "SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_TRAP",  "SCMP_ACT_ERRNO",        "SCMP_ACT_TRACE",
    "SCMP_ACT_ALLOW", "SCMP_ACT_LOG",          kNotify};

constexpr std::array<std::string_view, 7> kOperators = {  // SEC-15
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",       "SCMP_CMP_EQ",
    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"};

constexpr std::array<std::string_view, 4> kFlags = {  // SEC-06, SEC-07
    "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};

constexpr std::array<std::string_view, 23> kArchitectures = {  // SEC-04, SEC-05
    "SCMP_ARCH_X86",         "SCMP_ARCH_X86_64",      "SCMP_ARCH_X32",    "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64",     "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",   "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",         "SCMP_ARCH_PPC64",  "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",       "SCMP_ARCH_SH",     "SCMP_ARCH_SHEB",
    "SCMP_ARCH_PARISC",      "SCMP_ARCH_PARISC64",    "SCMP_ARCH_RISCV64"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <std::size_t N>
void check_names(const std::vector<std::string>& given,
                 const std::array<std::string_view, N>& known, std::string_view member,
                 std::string_view noun, RuleReport& report) {
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (contains(known, given[i])) continue;
    report.broken(fmt::format("{}/{}/{}", kBase, member, i),
                  fmt::format("unknown {} {}", noun, quoted(given[i])));
  }
}

// An action and the number that goes with it (SEC-03, SEC-12).
struct ActionUse {
  const std::string& action;
  const std::optional<std::uint32_t>& errno_ret;
  std::string action_pointer, errno_pointer;
};

void check_action(const ActionUse& use, RuleReport& report) {
  if (!contains(kActions, use.action)) {
    report.broken(use.action_pointer, "unknown seccomp action " + quoted(use.action));
    return;
  }
  if (!use.errno_ret) return;
  const bool is_errno = use.action == "SCMP_ACT_ERRNO";
  if (!is_errno && use.action != "SCMP_ACT_TRACE") {
    report.broken(use.errno_pointer, fmt::format("{} takes no errno", quoted(use.action)),
                  {use.action_pointer});
    return;
  }
  // MAX_ERRNO, and the 16 bits of SECCOMP_RET_DATA: seccomp(2) would cut larger ones.
  const std::uint32_t max = is_errno ? 4095 : 65535;
  if (*use.errno_ret > max) {
    report.broken(use.errno_pointer, expected_integer(0, max, std::to_string(*use.errno_ret)),
                  {use.action_pointer});
  }
}

void check_syscall(const SeccompSyscall& entry, const std::string& base, RuleReport& report) {
  if (entry.names.empty()) report.broken(base + "/names", "expected at least one name");  // SEC-09
  for (std::size_t i = 0; i < entry.names.size(); ++i) {
    if (entry.names[i].empty()) {
      report.broken(fmt::format("{}/names/{}", base, i), "must not be empty");
    } else if (entry.action == kNotify && entry.names[i] == "sendmsg") {
      // It would block for ever: the listener is the one that this call is to be sent to.
      report.broken(
          fmt::format("{}/names/{}", base, i),
          "`sendmsg` cannot have SCMP_ACT_NOTIFY: it hands over the listener's descriptor",
          {base + "/action"});
    }
  }
  check_action({entry.action, entry.errno_ret, base + "/action", base + "/errnoRet"}, report);
  for (std::size_t i = 0; i < entry.args.size(); ++i) {
    const SeccompArg& arg = entry.args[i];
    if (arg.index > 5) {  // SEC-13
      report.broken(fmt::format("{}/args/{}/index", base, i),
                    expected_integer(0, 5, std::to_string(arg.index)));
    }
    if (!contains(kOperators, arg.op)) {
      report.broken(fmt::format("{}/args/{}/op", base, i),
                    "unknown seccomp operator " + quoted(arg.op));
    }
  }
}

// NTF-02, NTF-03.
void check_listener(const Seccomp& seccomp, RuleReport& report) {
  if (seccomp.default_action == kNotify) {
    report.broken(fmt::format("{}/defaultAction", kBase),
                  "SCMP_ACT_NOTIFY cannot be the default: nothing could hand over the listener");
  }
  const bool notifies =
      std::any_of(seccomp.syscalls.begin(), seccomp.syscalls.end(),
                  [](const SeccompSyscall& entry) { return entry.action == kNotify; });
  const std::string path_pointer = fmt::format("{}/listenerPath", kBase);
  if (notifies && seccomp.listener_path.empty()) {
    report.broken(path_pointer, "is required with SCMP_ACT_NOTIFY");
  }
  if (!seccomp.listener_metadata.empty() && seccomp.listener_path.empty()) {
    report.broken(fmt::format("{}/listenerMetadata", kBase), "must not be set without listenerPath",
                  {path_pointer});
  }
}

}  // namespace

void check_seccomp(const Seccomp& seccomp, RuleReport& report) {
  const std::string base(kBase);
  check_action({seccomp.default_action, seccomp.default_errno_ret, base + "/defaultAction",
                base + "/defaultErrnoRet"},
               report);
  check_names(seccomp.architectures, kArchitectures, "architectures", "seccomp architecture",
              report);
  if (seccomp.flags) check_names(*seccomp.flags, kFlags, "flags", "seccomp flag", report);
  check_listener(seccomp, report);
  for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    check_syscall(seccomp.syscalls[i], fmt::format("{}/syscalls/{}", base, i), report);
  }
}

}  // namespace myrt::oci
