#include "capabilities/apply.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace myrt::capabilities {
namespace {

// capget(2) and capset(2) split each set into two 32-bit words.
using Words = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

__user_cap_header_struct this_process() {
  return {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
}

Set join_words(std::uint32_t low, std::uint32_t high) { return Set{high} << 32U | low; }

Words split_words(Set effective, Set permitted, Set inheritable) {
  Words words{};
  for (unsigned i = 0; i < words.size(); ++i) {
    words[i].effective = static_cast<std::uint32_t>(effective >> (32 * i));
    words[i].permitted = static_cast<std::uint32_t>(permitted >> (32 * i));
    words[i].inheritable = static_cast<std::uint32_t>(inheritable >> (32 * i));
  }
  return words;
}

Result<> set_ambient(Set ambient) {
  // Also clears what this process has inherited from its caller.
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return errno_error("prctl", "clear ambient capabilities");
  }
  for (unsigned number = 0; number < kCapabilityCount; ++number) {
    if ((ambient & bit(number)) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0) {
      const int error = errno;
      return errno_error("prctl", fmt::format("raise ambient `{}`", name_of(number)), error);
    }
  }
  return {};
}

}  // namespace

Result<HeldCapabilities> held(Set wanted) {
  __user_cap_header_struct header = this_process();
  Words words{};
  if (::syscall(SYS_capget, &header, words.data()) != 0) return errno_error("capget", "capget");

  HeldCapabilities held;
  held.permitted = join_words(words[0].permitted, words[1].permitted);
  for (unsigned number = 0; number < kCapabilityCount; ++number) {
    if ((wanted & bit(number)) == 0) continue;
    const int present = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    if (present < 0) {
      const int error = errno;
      return errno_error("prctl", fmt::format("read bounding `{}`", name_of(number)), error);
    }
    if (present == 1) held.bounding |= bit(number);
  }
  return held;
}

Result<Set> available(Set wanted) { return TRY(held(wanted)).grantable(); }

Result<> drop_bounding(const Plan& plan, Set current_bounding) {
  const Set superfluous = current_bounding & ~plan.bounding & kAllCapabilities;
  for (unsigned number = 0; number < kCapabilityCount; ++number) {
    if ((superfluous & bit(number)) == 0) continue;
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
      const int error = errno;
      return errno_error("prctl", fmt::format("drop bounding `{}`", name_of(number)), error);
    }
  }
  return {};
}

Result<> apply(const Plan& plan, Set extra_until_exec) {
  __user_cap_header_struct header = this_process();
  const Words words = split_words(plan.effective | extra_until_exec,
                                  plan.permitted | extra_until_exec, plan.inheritable);
  if (::syscall(SYS_capset, &header, words.data()) != 0) {
    const int error = errno;
    return errno_error("capset",
                       fmt::format("set permitted capabilities to `{}`",
                                   to_string(plan.permitted | extra_until_exec)),
                       error);
  }
  // The kernel keeps ambient capabilities within the inheritable ones: with none of these, the call
  // above has cleared them all, also what this process had from its caller.
  if (plan.ambient == 0 && plan.inheritable == 0) return {};
  return set_ambient(plan.ambient);
}

}  // namespace myrt::capabilities
