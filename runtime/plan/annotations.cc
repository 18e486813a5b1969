#include "runtime/plan/annotations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mounts/plan.h"
#include "oci-spec/parse.h"

namespace myrt::plan {
namespace {

enum class Handling : std::uint8_t { honoured, refused };

struct Known {
  std::string_view name;
  Handling handling;
};
constexpr std::array kKnown = {
    Known{"run.oci.delegate-cgroup", Handling::refused},
    Known{"run.oci.handler", Handling::refused},
    Known{kHooksStderr, Handling::honoured},
    Known{kHooksStdout, Handling::honoured},
    Known{kKeepOriginalGroups, Handling::honoured},
    Known{mounts::kMountContextType, Handling::honoured},
    Known{kPidfdReceiver, Handling::honoured},
    Known{"run.oci.seccomp.plugins", Handling::refused},
    Known{"run.oci.seccomp_bpf_data", Handling::refused},
    Known{"run.oci.seccomp_fail_unknown_syscall", Handling::refused},
    Known{"run.oci.systemd.force_cgroup_v1", Handling::refused},
};

std::string pointer_to(std::string_view name) { return "/annotations/" + oci::pointer_token(name); }

}  // namespace

std::string annotation(const std::map<std::string, std::string>& annotations,
                       std::string_view name) {
  const auto found = annotations.find(std::string(name));
  return found == annotations.end() ? std::string() : found->second;
}

Result<> check_annotations(const std::map<std::string, std::string>& annotations) {
  for (const auto& [name, value] : annotations) {
    const auto* known = std::ranges::find(kKnown, name, &Known::name);
    if (known == kKnown.end()) continue;
    if (known->handling == Handling::refused) {
      Error error =
          make_error(ErrorCode::unsupported, fmt::format("annotation `{}` is not supported", name));
      error.pointer = pointer_to(name);
      return error;
    }
    const bool is_file =
        known->name == kHooksStdout || known->name == kHooksStderr || known->name == kPidfdReceiver;
    if (is_file && !value.starts_with('/')) {
      return config_error(pointer_to(name), "expected an absolute path");
    }
  }
  return {};
}

std::vector<std::string> unsafe_annotations() {
  std::vector<std::string> names;
  for (const Known& known : kKnown) {
    if (known.handling == Handling::honoured) names.emplace_back(known.name);
  }
  return names;
}

}  // namespace myrt::plan
