// The forms of one log message: text and JSON lines as engines read them, and the packets of
// syslog(3) and of the systemd journal. Pure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "sys/result.h"

namespace myrt::cli {

// In the order of importance: a log of one level has all levels before it too.
enum class LogLevel : std::uint8_t { error, warning, info, debug };
std::string_view to_string(LogLevel level);

struct LogEntry {
  LogLevel level = LogLevel::error;
  std::string_view message;
  std::time_t time = 0;
  const Error* error =
      nullptr;  // adds its code, phase, syscall, errno and pointer to the JSON line
};

// 2006-01-02T15:04:05Z. UTC, so that no time zone file has to be read.
std::string rfc3339(std::time_t time);

// As strconv.Quote of Go does it, which is what text logs of runc look like.
std::string quote_for_go(std::string_view text);
// A JSON string in quotes. Bytes that are not UTF-8 become U+FFFD: one bad byte would make
// containerd give up on the whole file (contract §0.3).
std::string quote_for_json(std::string_view text);

// time="..." level=error msg="..." and a newline.
std::string text_line(const LogEntry& entry);
// {"level":"error","msg":"...","time":"...",...} and a newline. The first three keys are those that
// engines read; the others are ours.
std::string json_line(const LogEntry& entry);

// <PRIORITY>IDENTITY[PID]: MESSAGE. Without a time: the daemon stamps it on arrival.
std::string syslog_packet(const LogEntry& entry, std::string_view identity, pid_t pid);
// systemd's Journal Native Protocol. ID= carries the identity as crun's does.
std::string journal_packet(const LogEntry& entry, std::string_view identity);

}  // namespace myrt::cli
