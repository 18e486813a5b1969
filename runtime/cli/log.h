// Where messages and the one error of a failed command go (contract §0.2-0.5).
#pragma once

#include <string>
#include <string_view>

#include "runtime/cli/arguments.h"
#include "runtime/cli/log_format.h"
#include "sys/result.h"

namespace myrt::cli {

enum class LogTarget : std::uint8_t { standard_error, file, syslog, journal };
enum class LogFormat : std::uint8_t { text, json };

struct LogSettings {
  LogTarget target = LogTarget::standard_error;
  std::string operand;  // the file's path; the identity in syslog and the journal
  LogFormat format = LogFormat::text;
  LogLevel level = LogLevel::warning;
  std::string error_file;  // gets the error that ends a command as JSON; empty: none
  std::string syslog_socket = "/dev/log";
  std::string journal_socket = "/run/systemd/journal/socket";
};

// From --log, --log-format, --log-level, --debug and --error-file. With --log the level is `error`
// unless asked for otherwise: podman reads the file as one single JSON object (contract §0.4).
// Errors: invalid_argument.
Result<LogSettings> log_settings(const OptionValues& globals);

// Sends messages. Holds no fd: a log that stayed open would be inherited by the container's init,
// and whoever reads the other end of Guardian's log pipe would wait for that. So each message is
// open, one write(2), close, and a command that has nothing to say does not touch its log.
class Log {
 public:
  // `error_fd` is standard error; borrowed.
  Log(LogSettings settings, int error_fd) : settings_(std::move(settings)), error_fd_(error_fd) {}

  const LogSettings& settings() const { return settings_; }

  // Drops messages beyond the level. A message that cannot be delivered goes to standard error
  // together with the reason.
  void write(LogLevel level, std::string_view message) const;
  // The error that ends a command: to the log, and plainly to standard error when the log is
  // somewhere else; and as JSON to the error file.
  void fail(const Error& error) const;

 private:
  void deliver(const LogEntry& entry) const;
  void write_error_file(const LogEntry& entry) const;
  Result<> try_deliver(const LogEntry& entry) const;
  std::string line(const LogEntry& entry) const;
  void print(std::string_view text) const;

  LogSettings settings_;
  int error_fd_;
};

}  // namespace myrt::cli
