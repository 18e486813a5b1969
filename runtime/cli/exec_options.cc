#include "runtime/cli/exec_options.h"

#include <fcntl.h>

#include <array>
#include <limits>

#include "oci-spec/parse.h"
#include "runtime/cli/create_options.h"
#include "runtime/cli/process_io.h"
#include "runtime/cli/values.h"
#include "sys/files.h"

namespace myrt::cli {
namespace {

Result<oci::Process> read_process(const std::string& path) {
  const sys::UniqueFd file = TRY(sys::open(path, O_RDONLY));
  const std::string json = TRY(sys::read_all(file.get(), path));
  auto parsed = oci::parse_process(json);
  if (!parsed.problems.empty()) {
    return Result<oci::Process>(oci::to_error(parsed.problems)).context(path);
  }
  return std::move(parsed.value);
}

// runc drops these silently when --process is given.
Result<> refuse_beside_process(const CommandLine& line) {
  constexpr auto kOverrides =
      std::to_array<std::string_view>({"cwd", "env", "user", "additional-gids", "process-label",
                                       "apparmor", "no-new-privs", "cap"});
  for (const std::string_view option : kOverrides) {
    if (line.options.has(option)) {
      return make_error(
          ErrorCode::invalid_argument,
          fmt::format("--{} cannot be used with --process: write it into the file", option));
    }
  }
  if (line.arguments.size() > 1) {
    return make_error(ErrorCode::invalid_argument,
                      "a command cannot be given with --process: write it into the file");
  }
  return {};
}

Result<std::vector<std::uint32_t>> additional_gids(const OptionValues& options) {
  std::vector<std::uint32_t> gids;
  for (const std::string& text : options.list("additional-gids")) {
    const auto gid = parse_unsigned(text);
    // (gid_t)-1 means "no group" to the kernel.
    if (!gid || *gid >= std::numeric_limits<std::uint32_t>::max()) {
      return make_error(
          ErrorCode::invalid_argument,
          fmt::format("invalid value `{}` for --additional-gids: expected a group id", text));
    }
    gids.push_back(static_cast<std::uint32_t>(*gid));
  }
  return gids;
}

Result<> set_process(const CommandLine& line, ExecOptions& options) {
  if (line.options.has("process")) {
    TRY(refuse_beside_process(line));
    options.process = TRY(read_process(std::string(line.options.text("process"))));
    if (options.terminal) options.process->terminal = *options.terminal == Switch::on;
    return {};
  }
  options.args.assign(line.arguments.begin() + 1, line.arguments.end());
  if (options.args.empty()) {
    return make_error(ErrorCode::invalid_argument, "exec args cannot be empty");
  }
  options.cwd = line.options.text("cwd");
  options.env = line.options.list("env");
  options.user = line.options.text("user");
  options.additional_gids = TRY(additional_gids(line.options));
  options.capabilities = line.options.list("cap");
  if (line.options.has("no-new-privs")) {
    options.no_new_privileges = to_switch(line.options.on("no-new-privs"));
  }
  options.apparmor_profile = line.options.text("apparmor");
  options.selinux_label = line.options.text("process-label");
  return {};
}

}  // namespace

Result<ExecOptions> exec_options(const CommandLine& line) {
  ExecOptions options;
  options.id = line.arguments[0];
  if (line.options.has("tty")) options.terminal = to_switch(line.options.on("tty"));
  TRY(set_process(line, options));
  options.cgroup = line.options.list("cgroup");
  options.ignore_paused = to_switch(line.options.on("ignore-paused"));
  options.detach = to_switch(line.options.on("detach"));
  options.io = TRY(process_io(line.options));
  return options;
}

}  // namespace myrt::cli
