#include "oci-spec/parse.h"
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
  TRY(update(invocation.context, std::string(invocation.line.arguments[0]), resources,
             rdt_options(invocation.line.options)));
  return 0;
}

Result<int> mounts_command(const Invocation& invocation) {
  const auto& arguments = invocation.line.arguments;
  const bool adds = arguments[0] == "add";
  if (!adds && arguments[0] != "remove") {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("mounts `{}`: expected add or remove", arguments[0]));
  }
  const std::string path(arguments[2]);
  auto parsed = oci::parse_mounts(TRY(read_document(path, invocation.streams.input)));
  if (!parsed.problems.empty()) {
    return Result<int>(oci::to_error(parsed.problems)).context(path);
  }
  const std::string id(arguments[1]);
  TRY(adds ? add_mounts(invocation.context, id, parsed.value)
           : remove_mounts(invocation.context, id, parsed.value));
  return 0;
}

}  // namespace myrt::cli
