// The files that annotations name for the output of hooks (run.oci.hooks.stdout and .stderr).
#pragma once

#include <string_view>
#include <vector>

#include "oci-spec/state.h"
#include "runtime/hooks/run_hooks.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::container {

struct HookOutput {
  sys::UniqueFd stdout_file, stderr_file;  // empty where the output is part of the error
  hooks::Output fds() const { return {stdout_file.get(), stderr_file.get()}; }
};

// Opened for appending, and made (0600) when missing. Errors: system, with the annotation's
// pointer.
Result<HookOutput> open_hook_output(const std::map<std::string, std::string>& annotations);

// hooks::run in the runtime process, with the output as the state's annotations have it.
Result<> run_hooks(std::string_view kind, const std::vector<oci::Hook>& hooks,
                   const oci::State& state);

}  // namespace myrt::container
