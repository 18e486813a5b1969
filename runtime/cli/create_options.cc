#include "runtime/cli/create_options.h"

#include <fmt/format.h>

#include "runtime/cli/process_io.h"
#include "runtime/cli/values.h"

namespace myrt::cli {

namespace {

// As runc says it, to those who call us by its name.
std::string failure_text(std::string_view command, const Personality& personality) {
  if (personality.kind != Personality::Kind::runc) return {};
  return fmt::format("{} {} failed", personality.name, command);
}

}  // namespace

Switch to_switch(bool on) { return on ? Switch::on : Switch::off; }

Result<int> activation_fds(const Environment& environment, const Personality& personality) {
  if (environment.listen_fds.empty()) return 0;
  if (personality.kind != Personality::Kind::crun) {
    const auto pid = parse_unsigned(environment.listen_pid);
    if (!pid || *pid != static_cast<std::uint64_t>(environment.pid)) return 0;
  }
  return fd_count(environment.listen_fds, "LISTEN_FDS");
}

Result<CreateOptions> create_options(const CommandLine& line, const Environment& environment,
                                     const Personality& personality) {
  if (line.globals.on("strict") && !line.options.has("bundle")) {
    return make_error(ErrorCode::invalid_argument, "--bundle is required with --strict");  // OPS-02
  }
  CreateOptions options;
  options.id = line.arguments[0];
  options.bundle = line.options.text("bundle", options.bundle);
  options.config = line.options.text("config", options.config);
  options.io = TRY(process_io(line.options));
  options.io.listen_fds = TRY(activation_fds(environment, personality));
  options.io.preserve_fds += options.io.listen_fds;
  options.pivot = to_switch(!line.options.on("no-pivot"));
  options.new_keyring = to_switch(!line.options.on("no-new-keyring"));
  options.notify_socket = environment.notify_socket;
  options.failure_text = failure_text("create", personality);
  return options;
}

Result<RunOptions> run_options(const CommandLine& line, const Environment& environment,
                               const Personality& personality) {
  RunOptions options;
  options.create = TRY(create_options(line, environment, personality));
  options.create.failure_text = failure_text("run", personality);
  options.detach = to_switch(line.options.on("detach"));
  options.keep = to_switch(line.options.on("keep"));
  options.subreaper = to_switch(!line.options.on("no-subreaper"));
  return options;
}

}  // namespace myrt::cli
