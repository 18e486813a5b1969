#include "runtime/cli/criu_options.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/cli/absolute_path.h"
#include "runtime/cli/create_options.h"
#include "runtime/cli/values.h"

namespace myrt::cli {
namespace {

constexpr std::string_view kStandardPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
// runc's: below the current directory.
constexpr std::string_view kDefaultImages = "checkpoint";

bool is_executable_file(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::string find_in(std::string_view path) {
  while (!path.empty()) {
    const std::size_t colon = path.find(':');
    const std::string_view directory = path.substr(0, colon);
    path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
    if (!directory.starts_with('/')) continue;  // a directory that depends on where we are
    std::string file = fmt::format("{}/criu", directory);
    if (is_executable_file(file)) return file;
  }
  return {};
}

Result<std::string> absolute_unless_empty(std::string_view path) {
  if (path.empty()) return std::string();
  return absolute_path(path);
}

Result<CriuOptions> criu_options(const OptionValues& options, const Environment& environment) {
  CriuOptions criu;
  criu.binary = find_criu(environment.path);
  criu.image_path = TRY(absolute_path(options.text("image-path", kDefaultImages)));
  criu.work_path = TRY(absolute_unless_empty(options.text("work-path")));
  criu.tcp_established = to_switch(options.on("tcp-established"));
  criu.external_unix_sockets = to_switch(options.on("ext-unix-sk"));
  criu.shell_job = to_switch(options.on("shell-job"));
  criu.file_locks = to_switch(options.on("file-locks"));
  criu.link_remap = to_switch(options.on("link-remap"));
  criu.auto_dedup = to_switch(options.on("auto-dedup"));
  criu.lazy_pages = to_switch(options.on("lazy-pages"));
  criu.manage_cgroups_mode = options.text("manage-cgroups-mode");
  criu.network_lock = options.text("network-lock");
  criu.empty_namespaces = options.list("empty-ns");
  return criu;
}

Result<std::optional<int>> status_fd(const OptionValues& options) {
  if (!options.has("status-fd")) return std::optional<int>();
  const auto number = parse_unsigned(options.text("status-fd"));
  const int fd = number && *number < (1U << 20U) ? static_cast<int>(*number) : -1;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
    return make_error(
        ErrorCode::invalid_argument,
        fmt::format("status-fd: fd {} is not open for writing", options.text("status-fd")));
  }
  return std::optional<int>(fd);
}

}  // namespace

std::string find_criu(std::string_view path) {
  std::string found = find_in(path);
  return found.empty() ? find_in(kStandardPath) : found;
}

Result<CheckpointOptions> checkpoint_options(const CommandLine& line,
                                             const Environment& environment) {
  CheckpointOptions options;
  options.id = line.arguments[0];
  options.criu = TRY(criu_options(line.options, environment));
  options.parent_path = line.options.text("parent-path");
  if (options.parent_path.starts_with('/')) {
    return make_error(ErrorCode::invalid_argument,
                      "parent-path: CRIU takes a path relative to the image-path only");
  }
  options.leave_running = to_switch(line.options.on("leave-running"));
  options.pre_dump = to_switch(line.options.on("pre-dump"));
  options.tcp_skip_in_flight = to_switch(line.options.on("tcp-skip-in-flight"));
  options.page_server = line.options.text("page-server");
  options.status_fd = TRY(status_fd(line.options));
  return options;
}

Result<RestoreOptions> restore_options(const CommandLine& line, const Environment& environment,
                                       const Personality& personality) {
  RestoreOptions options;
  options.create = TRY(create_options(line, environment, personality));
  options.criu = TRY(criu_options(line.options, environment));
  options.detach = to_switch(line.options.on("detach"));
  options.subreaper = to_switch(!line.options.on("no-subreaper"));
  options.tcp_close = to_switch(line.options.on("tcp-close"));
  options.lsm_profile = line.options.text("lsm-profile");
  options.lsm_mount_context = line.options.text("lsm-mount-context");
  return options;
}

}  // namespace myrt::cli
