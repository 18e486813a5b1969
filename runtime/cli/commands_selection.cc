#include <functional>

#include "runtime/cli/commands.h"
#include "runtime/cli/create_options.h"
#include "runtime/cli/id_pattern.h"
#include "sys/process.h"

namespace myrt::cli {
namespace {

Result<std::vector<std::string>> selected_ids(const Invocation& invocation) {
  std::string argument(invocation.line.arguments[0]);
  if (!invocation.line.options.on("regex")) return std::vector<std::string>{std::move(argument)};
  return matching_ids(argument, TRY(list_ids(invocation.context)));
}

// Calls `operation` for every id, whatever becomes of the others. The first failure is returned,
// with the messages of the rest.
Result<int> for_each(const std::vector<std::string>& ids,
                     const std::function<Result<>(const std::string&)>& operation) {
  Result<int> outcome = 0;
  for (const std::string& id : ids) {
    auto done = operation(id);
    if (done.ok()) continue;
    if (outcome.ok()) {
      outcome = std::move(done).error();
    } else {
      outcome.error().message += "; " + done.error().message;
    }
  }
  return outcome;
}

}  // namespace

Result<int> kill_command(const Invocation& invocation) {
  const auto& arguments = invocation.line.arguments;
  KillOptions options;
  if (arguments.size() > 1) options.signal = TRY(sys::parse_signal(arguments[1]));
  options.all = to_switch(invocation.line.options.on("all"));
  return for_each(TRY(selected_ids(invocation)), [&](const std::string& id) {
    options.id = id;
    return kill(invocation.context, options);
  });
}

Result<int> delete_command(const Invocation& invocation) {
  DeleteOptions options;
  options.force = to_switch(invocation.line.options.on("force"));
  return for_each(TRY(selected_ids(invocation)), [&](const std::string& id) {
    options.id = id;
    return remove(invocation.context, options);
  });
}

}  // namespace myrt::cli
