#include "runtime/cli/log.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <ctime>
#include <optional>

#include "sys/files.h"
#include "sys/unique_fd.h"

namespace myrt::cli {
namespace {

constexpr std::string_view kIdentity = "myrt";

std::optional<LogLevel> parse_level(std::string_view text) {
  if (text == "warn") return LogLevel::warning;
  for (const LogLevel level :
       {LogLevel::error, LogLevel::warning, LogLevel::info, LogLevel::debug}) {
    if (text == to_string(level)) return level;
  }
  return std::nullopt;
}

struct TargetPrefix {
  std::string_view prefix;
  LogTarget target;
};
constexpr auto kTargetPrefixes = std::to_array<TargetPrefix>({
    {"file:", LogTarget::file},
    {"syslog:", LogTarget::syslog},
    {"journald:", LogTarget::journal},
});

void set_target(LogSettings& settings, std::string_view text) {
  if (text.empty()) return;
  settings.target = LogTarget::file;
  for (const TargetPrefix& known : kTargetPrefixes) {
    if (text.substr(0, known.prefix.size()) != known.prefix) continue;
    settings.target = known.target;
    text.remove_prefix(known.prefix.size());
    break;
  }
  settings.operand = text;
  if (settings.operand.empty()) settings.operand = kIdentity;
}

// One write(2): lines of other processes that append to the same file must not get between
// (contract §0.3). No O_EXCL: the path may be a pipe (contract §0.5), and then one that nobody
// reads is an error (O_NONBLOCK, ENXIO) and no wait without an end.
Result<> write_line(const std::string& path, int flags, std::string_view line) {
  const sys::UniqueFd file =
      TRY(sys::open(path, O_WRONLY | O_CREAT | O_NOCTTY | O_NONBLOCK | flags, 0644));
  // A reader takes what is in a full pipe: that is waited for, as before.
  if (::fcntl(file.get(), F_SETFL, flags & O_APPEND) != 0) return errno_error("fcntl", path);
  return sys::write_all(file.get(), line, path);
}

Result<> send_packet(const std::string& path, std::string_view packet) {
  const sys::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return errno_error("socket", "make a socket");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("socket path `{}` is too long", path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto sent = ::sendto(socket.get(), packet.data(), packet.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  if (sent < 0) return errno_error("sendto", fmt::format("send to `{}`", path));
  return {};
}

}  // namespace

Result<LogSettings> log_settings(const OptionValues& globals) {
  LogSettings settings;
  set_target(settings, globals.text("log"));
  if (settings.target != LogTarget::standard_error) settings.level = LogLevel::error;
  const std::string_view format = globals.text("log-format", "text");
  if (format != "text" && format != "json") {
    return make_error(ErrorCode::invalid_argument, fmt::format("invalid log-format: {}", format));
  }
  settings.format = format == "json" ? LogFormat::json : LogFormat::text;
  if (globals.has("log-level")) {
    const auto level = parse_level(globals.text("log-level"));
    if (!level) {
      return make_error(ErrorCode::invalid_argument,
                        fmt::format("invalid log-level: {}", globals.text("log-level")));
    }
    settings.level = *level;
  }
  if (globals.on("debug")) settings.level = LogLevel::debug;
  settings.error_file = globals.text("error-file");
  return settings;
}

void Log::write(LogLevel level, std::string_view message) const {
  if (level > settings_.level) return;
  deliver({.level = level, .message = message, .time = std::time(nullptr)});
}

void Log::fail(const Error& error) const {
  if (settings_.target != LogTarget::standard_error) print(error.message + "\n");
  const LogEntry entry{.level = LogLevel::error,
                       .message = error.message,
                       .time = std::time(nullptr),
                       .error = &error};
  deliver(entry);
  write_error_file(entry);
}

void Log::write_error_file(const LogEntry& entry) const {
  if (settings_.error_file.empty()) return;
  const auto written = write_line(settings_.error_file, O_TRUNC, json_line(entry));
  if (!written.ok()) print(fmt::format("error-file: {}\n", written.error().message));
}

void Log::deliver(const LogEntry& entry) const {
  if (const auto delivered = try_deliver(entry); !delivered.ok()) {
    // An error has already been printed plainly; another message has not been seen by anybody.
    if (entry.error == nullptr) print(line(entry));
    print(fmt::format("log: {}\n", delivered.error().message));
  }
}

Result<> Log::try_deliver(const LogEntry& entry) const {
  switch (settings_.target) {
    case LogTarget::standard_error:
      print(line(entry));
      return {};
    case LogTarget::file:
      return write_line(settings_.operand, O_APPEND, line(entry));
    case LogTarget::syslog:
      return send_packet(settings_.syslog_socket,
                         syslog_packet(entry, settings_.operand, ::getpid()));
    case LogTarget::journal:
      return send_packet(settings_.journal_socket, journal_packet(entry, settings_.operand));
  }
  return make_error(ErrorCode::internal, "a log target that does not exist");
}

std::string Log::line(const LogEntry& entry) const {
  return settings_.format == LogFormat::json ? json_line(entry) : text_line(entry);
}

void Log::print(std::string_view text) const {
  ignore(sys::write_all(error_fd_, text, "standard error"),
         "there is nobody left to tell when standard error is gone");
}

}  // namespace myrt::cli
