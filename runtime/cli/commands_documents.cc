#include <fcntl.h>

#include <cerrno>

#include "runtime/cli/commands.h"
#include "sys/files.h"

namespace myrt::cli {
namespace {

// runc's words, which its own test suite reads.
Error file_exists(std::string_view name) {
  Error error =
      make_error(ErrorCode::already_exists, fmt::format("File {} exists. Remove it first", name));
  error.errno_value = EEXIST;
  return error;
}

}  // namespace

Result<int> spec_command(const Invocation& invocation) {
  const OptionValues& options = invocation.line.options;
  const std::string bundle(options.text("bundle", "."));
  const std::string name(options.text("file", "config.json"));
  const Switch rootless = options.on("rootless") ? Switch::on : Switch::off;
  const std::string document =
      default_spec(rootless, invocation.environment.euid, invocation.environment.egid);
  const sys::UniqueFd directory = TRY(sys::open(bundle, O_PATH | O_DIRECTORY));
  const auto written = sys::write_new_file_at(directory.get(), name, document, 0666);
  if (!written.ok()) {
    return written.error().errno_value == EEXIST ? file_exists(name) : written.error();
  }
  return 0;
}

Result<int> features_command(const Invocation& invocation) {
  TRY(print(invocation.streams, features() + "\n"));
  return 0;
}

}  // namespace myrt::cli
