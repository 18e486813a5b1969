#include "runtime/cli/commands.h"
#include "runtime/cli/create_options.h"
#include "runtime/cli/exec_options.h"

namespace myrt::cli {

Result<int> create_command(const Invocation& invocation) {
  TRY(create(invocation.context,
             TRY(create_options(invocation.line, invocation.environment, invocation.personality))));
  return 0;
}

Result<int> start_command(const Invocation& invocation) {
  TRY(start(invocation.context, std::string(invocation.line.arguments[0]),
            std::string(invocation.environment.notify_socket)));
  return 0;
}

Result<int> run_command(const Invocation& invocation) {
  const RunOptions options =
      TRY(run_options(invocation.line, invocation.environment, invocation.personality));
  return run(invocation.context, options);
}

Result<int> exec_command(const Invocation& invocation) {
  const ExecOptions options = TRY(exec_options(invocation.line));
  return exec(invocation.context, options);
}

}  // namespace myrt::cli
