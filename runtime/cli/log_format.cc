#include "runtime/cli/log_format.h"

#include <syslog.h>

#include <cstddef>
#include <cstring>

#include "runtime/cli/error_texts.h"

namespace myrt::cli {
namespace {

// One character of UTF-8. `valid` is false for a byte that starts none; its size is then 1.
struct Character {
  char32_t value = 0;
  std::size_t size = 1;
  bool valid = false;
};

Character decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;
  if (size == 0 || first > 0xF4 || text.size() < size) return {};
  char32_t value = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  const char32_t smallest = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < smallest || value > 0x10FFFF || surrogate) return {};
  return {value, size, true};
}

// Control characters beyond ASCII, and the separators that some readers take for line ends.
bool is_hidden(char32_t value) {
  return (value >= 0x7F && value < 0xA0) || value == 0x2028 || value == 0x2029 || value == 0xFEFF;
}

// The escapes that Go and JSON have in common; empty when there is none.
std::string_view common_escape(char32_t value) {
  switch (value) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return {};
  }
}

std::string go_escape(char32_t value) {
  if (value == '\a') return "\\a";
  if (value == '\v') return "\\v";
  const auto code = static_cast<std::uint32_t>(value);
  return value < 0x80 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
}

// Appends `text` in quotes, with `escape` for characters that cannot stand for themselves and `bad`
// for bytes that are no character.
template <class Escape, class Bad>
std::string quote(std::string_view text, Escape escape, Bad bad) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const Character character = decode(text);
    if (!character.valid) {
      quoted += bad(static_cast<unsigned char>(text[0]));
    } else if (const auto common = common_escape(character.value); !common.empty()) {
      quoted += common;
    } else if (character.value < 0x20 || is_hidden(character.value)) {
      quoted += escape(character.value);
    } else {
      quoted += text.substr(0, character.size);
    }
    text.remove_prefix(character.size);
  }
  return quoted += '"';
}

int syslog_severity(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return LOG_ERR;
    case LogLevel::warning:
      return LOG_WARNING;
    case LogLevel::info:
      return LOG_INFO;
    case LogLevel::debug:
      return LOG_DEBUG;
  }
  return LOG_ERR;
}

// NAME=value, or NAME, the size as 64 little-endian bits and the value where that has a newline.
void add_journal_field(std::string& packet, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  packet += name;
  if (value.find('\n') == std::string_view::npos) {
    packet += '=';
  } else {
    packet += '\n';
    for (unsigned shift = 0; shift < 64; shift += 8) {
      packet += static_cast<char>((std::uint64_t{value.size()} >> shift) & 0xFFU);
    }
  }
  packet += value;
  packet += '\n';
}

void add_member(std::string& line, std::string_view name, std::string_view value) {
  if (!value.empty()) line += fmt::format(",\"{}\":{}", name, quote_for_json(value));
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return "error";
    case LogLevel::warning:
      return "warning";
    case LogLevel::info:
      return "info";
    case LogLevel::debug:
      return "debug";
  }
  return "error";
}

std::string rfc3339(std::time_t time) {
  std::tm utc = {};
  ::gmtime_r(&time, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string quote_for_go(std::string_view text) {
  return quote(text, go_escape, [](unsigned char byte) { return fmt::format("\\x{:02x}", byte); });
}

std::string quote_for_json(std::string_view text) {
  return quote(
      text,
      [](char32_t value) { return fmt::format("\\u{:04x}", static_cast<std::uint32_t>(value)); },
      [](unsigned char) { return std::string("\\ufffd"); });
}

std::string text_line(const LogEntry& entry) {
  return fmt::format("time=\"{}\" level={} msg={}\n", rfc3339(entry.time), to_string(entry.level),
                     quote_for_go(entry.message));
}

std::string json_line(const LogEntry& entry) {
  std::string line =
      fmt::format("{{\"level\":\"{}\",\"msg\":{},\"time\":\"{}\"", to_string(entry.level),
                  quote_for_json(entry.message), rfc3339(entry.time));
  if (entry.error != nullptr) {
    const Error& error = *entry.error;
    line += fmt::format(",\"code\":\"{}\"", to_string(error.code));
    if (error.phase != Phase::none)
      line += fmt::format(",\"phase\":\"{}\"", to_string(error.phase));
    if (!error.syscall.empty()) line += ",\"syscall\":" + quote_for_json(error.syscall);
    if (error.errno_value != 0) line += fmt::format(",\"errno\":{}", error.errno_value);
    if (const char* name = ::strerrorname_np(error.errno_value); error.errno_value != 0 && name) {
      line += fmt::format(",\"error\":\"{}\"", name);
    }
    add_member(line, "path", path_of(error));
    add_member(line, "pointer", error.pointer);
    add_member(line, "hint", hint_of(error));
  }
  return line += "}\n";
}

std::string syslog_packet(const LogEntry& entry, std::string_view identity, pid_t pid) {
  return fmt::format("<{}>{}[{}]: {}", LOG_USER | syslog_severity(entry.level), identity, pid,
                     entry.message);
}

std::string journal_packet(const LogEntry& entry, std::string_view identity) {
  std::string packet;
  add_journal_field(packet, "MESSAGE", entry.message);
  add_journal_field(packet, "PRIORITY", std::to_string(syslog_severity(entry.level)));
  add_journal_field(packet, "SYSLOG_IDENTIFIER", "myrt");
  add_journal_field(packet, "ID", identity);
  if (entry.error != nullptr) {
    const Error& error = *entry.error;
    add_journal_field(packet, "MYRT_CODE", to_string(error.code));
    add_journal_field(packet, "MYRT_PHASE", to_string(error.phase));
    add_journal_field(packet, "MYRT_SYSCALL", error.syscall);
    if (error.errno_value != 0) {
      add_journal_field(packet, "ERRNO", std::to_string(error.errno_value));
    }
    add_journal_field(packet, "MYRT_PATH", path_of(error));
    add_journal_field(packet, "MYRT_POINTER", error.pointer);
    add_journal_field(packet, "MYRT_HINT", hint_of(error));
  }
  return packet;
}

}  // namespace myrt::cli
