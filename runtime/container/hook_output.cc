#include "runtime/container/hook_output.h"

#include <fcntl.h>

#include "runtime/plan/annotations.h"
#include "sys/files.h"

namespace myrt::container {
namespace {

Result<sys::UniqueFd> open_file(const std::map<std::string, std::string>& annotations,
                                std::string_view name) {
  const std::string path = plan::annotation(annotations, name);
  if (path.empty()) return sys::UniqueFd();
  return sys::open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, 0600)
      .at(fmt::format("/annotations/{}", name));
}

}  // namespace

Result<HookOutput> open_hook_output(const std::map<std::string, std::string>& annotations) {
  HookOutput output;
  output.stdout_file = TRY(open_file(annotations, plan::kHooksStdout));
  output.stderr_file = TRY(open_file(annotations, plan::kHooksStderr));
  return output;
}

Result<> run_hooks(std::string_view kind, const std::vector<oci::Hook>& hooks,
                   const oci::State& state) {
  if (hooks.empty()) return {};
  const HookOutput output = TRY(open_hook_output(state.annotations).in_phase(Phase::hooks));
  return hooks::run(kind, hooks, oci::to_json(state), output.fds());
}

}  // namespace myrt::container
