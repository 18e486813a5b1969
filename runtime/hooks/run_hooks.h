// Running OCI hooks: programs of the config that get the container's state on stdin (config.md,
// "POSIX-platform Hooks").
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "oci-spec/spec.h"
#include "sys/result.h"

namespace myrt::hooks {

// Where a hook's output goes instead of into the error text; -1: there.
struct Output {
  int stdout_fd = -1, stderr_fd = -1;
};

// Runs the hooks of one kind in order, each with `state_json` on stdin (HOK-06, HOK-07); stops at
// the first failure. Path and namespaces are those of the calling process: the runtime process for
// prestart, createRuntime, poststart and poststop, init for createContainer and startContainer.
// `kind` is the spec's name, for the error. `default_env` is the environment of a hook whose `env`
// is absent. `confine` is called in each hook's process, last before its program is executed.
//
// Errors: hook_failed, with the hook's index, path, exit code or signal, and the end of its stderr
// (HOK-15); a hook that outlives its timeout is killed (HOK-05). The hook's process is
// waited for; processes that it has started itself are its own business, also after a timeout.
Result<> run(std::string_view kind, const std::vector<oci::Hook>& hooks,
             std::string_view state_json, const Output& output = {},
             const std::vector<std::string>& default_env = {},
             const std::function<Result<>()>& confine = {});

}  // namespace myrt::hooks
