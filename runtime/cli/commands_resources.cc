#include "runtime/cli/commands.h"
#include "runtime/cli/resource_options.h"

namespace myrt::cli {

Result<int> pause_command(const Invocation& invocation) {
  TRY(pause(invocation.context, std::string(invocation.line.arguments[0])));
  return 0;
}

Result<int> resume_command(const Invocation& invocation) {
  TRY(resume(invocation.context, std::string(invocation.line.arguments[0])));
  return 0;
}

Result<int> update_command(const Invocation& invocation) {
  const oci::Resources resources =
      TRY(resource_options(invocation.line.options, invocation.streams.input));
  TRY(update(invocation.context, std::string(invocation.line.arguments[0]), resources));
  return 0;
}

}  // namespace myrt::cli
