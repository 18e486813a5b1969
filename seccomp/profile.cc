#include "seccomp/profile.h"

#include <fmt/format.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "seccomp/names.h"

namespace myrt::seccomp {
namespace {

constexpr const char* kPointer = "/linux/seccomp";
constexpr std::uint32_t kArgumentCount = 6;
constexpr std::uint32_t kMaxErrno = 4095;        // the kernel cuts higher ones down to it
constexpr std::uint32_t kMaxTraceData = 0xffff;  // SECCOMP_RET_DATA

// An action with its data. `pointer` and `errno_pointer` name the two fields in errors.
Result<std::uint32_t> read_action(const std::string& name, std::optional<std::uint32_t> errno_ret,
                                  const std::string& pointer, const std::string& errno_pointer) {
  const std::optional<Action> action = find_action(name);
  if (!action) return config_error(pointer, fmt::format("unknown action `{}`", name));
  if (!action->takes_errno) {
    if (errno_ret) return config_error(errno_pointer, fmt::format("`{}` takes no errno", name));
    return action->return_value;
  }
  const std::uint32_t data = errno_ret.value_or(EPERM);
  const bool is_errno = action->return_value == SECCOMP_RET_ERRNO;
  if (data > (is_errno ? kMaxErrno : kMaxTraceData)) {
    return config_error(errno_pointer, fmt::format("`{}` is out of range", data));
  }
  return action->return_value | data;
}

Result<Comparison> read_comparison(const oci::SeccompArg& arg, const std::string& pointer) {
  if (arg.index >= kArgumentCount) {
    return config_error(pointer + "/index", fmt::format("`{}`: a system call has {} arguments",
                                                        arg.index, kArgumentCount));
  }
  const std::optional<Operator> op = find_operator(arg.op);
  if (!op) return config_error(pointer + "/op", fmt::format("unknown operator `{}`", arg.op));
  return Comparison{.index = arg.index, .op = *op, .value = arg.value, .value_two = arg.value_two};
}

bool uses_an_argument_twice(const std::vector<Comparison>& comparisons) {
  std::array<bool, kArgumentCount> used{};
  return std::ranges::any_of(comparisons, [&](const Comparison& comparison) {
    return std::exchange(used[comparison.index], true);
  });
}

Result<ProfileEntry> read_entry(const oci::SeccompSyscall& syscall, const std::string& pointer,
                                std::uint32_t default_result) {
  if (syscall.names.empty()) return config_error(pointer + "/names", "at least one is required");
  const std::uint32_t result = TRY(
      read_action(syscall.action, syscall.errno_ret, pointer + "/action", pointer + "/errnoRet"));
  std::vector<Comparison> comparisons;
  for (std::size_t i = 0; i < syscall.args.size(); ++i) {
    comparisons.push_back(
        TRY(read_comparison(syscall.args[i], fmt::format("{}/args/{}", pointer, i))));
  }
  ProfileEntry entry = {.names = syscall.names, .rules = {}};
  if (result == default_result) return entry;
  if (!uses_an_argument_twice(comparisons)) {
    entry.rules.push_back({.all_of = std::move(comparisons), .result = result});
    return entry;
  }
  for (const Comparison& comparison : comparisons) {
    entry.rules.push_back({.all_of = {comparison}, .result = result});
  }
  return entry;
}

Result<std::vector<Architecture>> read_architectures(const std::vector<std::string>& names) {
  // The native one is always there, as with the peers: without it no program could run.
  std::vector<Architecture> architectures = {native_architecture()};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string pointer = fmt::format("{}/architectures/{}", kPointer, i);
    const std::optional<std::uint32_t> token = find_architecture(names[i]);
    if (!token) return config_error(pointer, fmt::format("unknown architecture `{}`", names[i]));
    if (*token == 0) {
      Error error = config_error(
          pointer, fmt::format("libseccomp {} does not know `{}`", library_version(), names[i]));
      error.code = ErrorCode::unsupported;
      return error;
    }
    if (std::ranges::find(architectures, *token, &Architecture::token) == architectures.end()) {
      architectures.push_back(describe_architecture(*token));
    }
  }
  return architectures;
}

Result<unsigned> read_flags(const oci::Seccomp& seccomp, bool notifies) {
  // Absent differs from empty: the peers then leave speculation alone (SEC-06).
  unsigned flags = seccomp.flags ? 0 : unsigned{SECCOMP_FILTER_FLAG_SPEC_ALLOW};
  const std::vector<std::string> names = seccomp.flags.value_or(std::vector<std::string>{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string pointer = fmt::format("{}/flags/{}", kPointer, i);
    const std::optional<unsigned> flag = find_flag(names[i]);
    if (!flag) return config_error(pointer, fmt::format("unknown flag `{}`", names[i]));
    if (*flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV && !notifies) {
      return config_error(pointer, fmt::format("`{}` needs SCMP_ACT_NOTIFY", names[i]));
    }
    flags |= *flag;
  }
  if (notifies) {
    flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // The kernel takes both only when a thread's id cannot be taken for a listener.
    if ((flags & SECCOMP_FILTER_FLAG_TSYNC) != 0) flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
  }
  return flags;
}

Result<> check_listener(const oci::Seccomp& seccomp, const Profile& profile) {
  const std::string pointer = kPointer;
  if (profile.default_result == SECCOMP_RET_USER_NOTIF) {
    return config_error(pointer + "/defaultAction",
                        "SCMP_ACT_NOTIFY cannot be the default: init hands the listener over");
  }
  if (profile.notifies && seccomp.listener_path.empty()) {
    return config_error(pointer + "/listenerPath", "is required for SCMP_ACT_NOTIFY");
  }
  if (!seccomp.listener_metadata.empty() && seccomp.listener_path.empty()) {
    return config_error(pointer + "/listenerMetadata", "needs listenerPath");
  }
  return {};
}

}  // namespace

Result<Profile> read_profile(const oci::Seccomp& seccomp) {
  const std::string pointer = kPointer;
  Profile profile;
  profile.default_result =
      TRY(read_action(seccomp.default_action, seccomp.default_errno_ret, pointer + "/defaultAction",
                      pointer + "/defaultErrnoRet"));
  profile.newer_calls_get_enosys =
      (profile.default_result & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
  profile.architectures = TRY(read_architectures(seccomp.architectures));

  profile.entries.reserve(seccomp.syscalls.size());
  for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    profile.entries.push_back(TRY(read_entry(
        seccomp.syscalls[i], fmt::format("{}/syscalls/{}", pointer, i), profile.default_result)));
    const std::vector<Rule>& rules = profile.entries.back().rules;
    profile.notifies |= !rules.empty() && rules.front().result == SECCOMP_RET_USER_NOTIF;
  }
  TRY(check_listener(seccomp, profile));
  profile.flags = TRY(read_flags(seccomp, profile.notifies));
  return profile;
}

}  // namespace myrt::seccomp
