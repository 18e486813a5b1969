#include "runtime/cli/process_io.h"

#include <limits>

#include "runtime/cli/absolute_path.h"
#include "runtime/cli/values.h"

namespace myrt::cli {

Result<int> fd_count(std::string_view text, std::string_view name) {
  const auto count = parse_unsigned(text);
  if (!count || *count > std::numeric_limits<int>::max() / 2) {
    return make_error(
        ErrorCode::invalid_argument,
        fmt::format("invalid value `{}` for {}: expected a number of file descriptors", text,
                    name));
  }
  return static_cast<int>(*count);
}

Result<ProcessIo> process_io(const OptionValues& options) {
  ProcessIo io;
  io.pid_file = options.text("pid-file");
  if (!io.pid_file.empty() && io.pid_file[0] != '/') io.pid_file = TRY(absolute_path(io.pid_file));
  io.console_socket = options.text("console-socket");
  io.pidfd_socket = options.text("pidfd-socket");
  io.preserve_fds = TRY(fd_count(options.text("preserve-fds", "0"), "--preserve-fds"));
  return io;
}

}  // namespace myrt::cli
