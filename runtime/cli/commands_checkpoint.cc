#include "runtime/cli/commands.h"
#include "runtime/cli/criu_options.h"

namespace myrt::cli {

Result<int> checkpoint_command(const Invocation& invocation) {
  TRY(checkpoint(invocation.context,
                 TRY(checkpoint_options(invocation.line, invocation.environment))));
  return 0;
}

Result<int> restore_command(const Invocation& invocation) {
  const RestoreOptions options =
      TRY(restore_options(invocation.line, invocation.environment, invocation.personality));
  return restore(invocation.context, options);
}

}  // namespace myrt::cli
