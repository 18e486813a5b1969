// The words of linux.seccomp (config-linux.md, "Seccomp") and what they mean to the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace myrt::seccomp {

// For `features`: every name that this build recognises, in the order of the spec.
std::vector<std::string> action_names();
std::vector<std::string> operator_names();
std::vector<std::string> arch_names();
std::vector<std::string> known_flags();
// The known flags that the running kernel takes, asked of the kernel without loading anything.
std::vector<std::string> supported_flags();
// "2.5.4"
std::string library_version();

// An action without its data.
struct Action {
  std::string_view name;       // SCMP_ACT_*
  std::uint32_t return_value;  // SECCOMP_RET_*
  bool takes_errno;            // ERRNO and TRACE carry errnoRet (SEC-03, SEC-12)
};
std::optional<Action> find_action(std::string_view name);

enum class Operator : std::uint8_t { ne, lt, le, eq, ge, gt, masked_eq };
std::optional<Operator> find_operator(std::string_view name);

// SECCOMP_FILTER_FLAG_* by name.
std::optional<unsigned> find_flag(std::string_view name);

// libseccomp's token of an architecture. 0: a name of the spec that this library is too old for.
std::optional<std::uint32_t> find_architecture(std::string_view name);

}  // namespace myrt::seccomp
