#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "sys/files.h"
#include "sys/procfs.h"

namespace myrt::sys {
namespace {

// Takes everything before `separator` off the front of `rest`; all of it when there is none.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return field;
}

template <class Number>
bool parse_number(std::string_view digits, Number& number) {
  const char* end = digits.data() + digits.size();
  const std::from_chars_result parsed = std::from_chars(digits.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end && !digits.empty();
}

bool is_octal(char digit) { return digit >= '0' && digit <= '7'; }

// The kernel writes blank, tab, newline and backslash as \ooo.
std::string decode_octal(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      const int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      decoded += static_cast<char>(value);
      i += 3;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

Error malformed(std::string_view file, std::string_view line) {
  return make_error(ErrorCode::invalid_argument,
                    fmt::format("{}: malformed line `{}`", file, line.substr(0, 128)));
}

// "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - FSTYPE SOURCE SUPEROPTIONS". The source can
// be empty, so that fields are counted by single blanks.
bool parse_mount(std::string_view line, MountInfo& mount) {
  if (!parse_number(take_until(line, ' '), mount.id)) return false;
  if (!parse_number(take_until(line, ' '), mount.parent_id)) return false;
  if (take_until(line, ' ').find(':') == std::string_view::npos) return false;
  mount.root = decode_octal(take_until(line, ' '));
  mount.mount_point = decode_octal(take_until(line, ' '));
  mount.options = take_until(line, ' ');
  for (;;) {
    if (line.empty()) return false;  // the "-" never came
    const std::string_view tag = take_until(line, ' ');
    if (tag == "-") break;
    if (!mount.propagation.empty()) mount.propagation += ' ';
    mount.propagation += tag;
  }
  mount.fstype = decode_octal(take_until(line, ' '));
  mount.source = decode_octal(take_until(line, ' '));
  mount.super_options = line;
  return !mount.root.empty() && !mount.mount_point.empty() && !mount.fstype.empty();
}

}  // namespace

Result<ProcessStat> parse_process_stat(std::string_view text) {
  const std::string_view whole = text;
  // The name may hold anything, also ") R 1 (": only the last parenthesis is the kernel's.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos || !text.substr(name_end + 1).starts_with(' ')) {
    return malformed("stat", whole);
  }
  text.remove_prefix(name_end + 2);
  while (text.ends_with('\n')) text.remove_suffix(1);
  ProcessStat stat;
  const std::string_view state = take_until(text, ' ');
  if (state.size() != 1 || !parse_number(take_until(text, ' '), stat.parent_pid)) {
    return malformed("stat", whole);
  }
  stat.state = state[0];
  constexpr int kFieldsBetween = 17;  // from pgrp (5) to itrealvalue (21)
  for (int i = 0; i < kFieldsBetween; ++i) take_until(text, ' ');
  if (!parse_number(take_until(text, ' '), stat.start_time_ticks)) return malformed("stat", whole);
  return stat;
}

Result<std::optional<ProcessStat>> read_process_stat(pid_t pid) {
  const std::string path = fmt::format("/proc/{}/stat", pid);
  const UniqueFd fd(::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    const int error = errno;
    if (error == ENOENT || error == ESRCH) return std::optional<ProcessStat>();
    return errno_error("openat", fmt::format("open `{}`", path), error);
  }
  std::array<char, 4096> buffer;  // 52 numbers and a 16 byte name
  const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
  if (count < 0) {
    const int error = errno;
    // It was reaped between the two calls.
    if (error == ESRCH) return std::optional<ProcessStat>();
    return errno_error("read", fmt::format("read `{}`", path), error);
  }
  return std::optional<ProcessStat>(
      TRY(parse_process_stat({buffer.data(), static_cast<std::size_t>(count)})));
}

Result<std::vector<MountInfo>> parse_mountinfo(std::string_view text) {
  std::vector<MountInfo> mounts;
  while (!text.empty()) {
    const std::string_view line = take_until(text, '\n');
    if (line.empty()) continue;
    MountInfo& mount = mounts.emplace_back();
    if (!parse_mount(line, mount)) return malformed("mountinfo", line);
  }
  return mounts;
}

Result<std::vector<ProcessCgroup>> parse_process_cgroups(std::string_view text) {
  std::vector<ProcessCgroup> cgroups;
  while (!text.empty()) {
    const std::string_view line = take_until(text, '\n');
    if (line.empty()) continue;
    // "ID:CONTROLLERS:PATH"; only the path may hold further colons.
    std::string_view rest = line;
    unsigned hierarchy = 0;
    if (!parse_number(take_until(rest, ':'), hierarchy)) return malformed("cgroup", line);
    if (rest.find(':') == std::string_view::npos) return malformed("cgroup", line);
    std::string_view controllers = take_until(rest, ':');
    if (!rest.starts_with('/')) return malformed("cgroup", line);
    ProcessCgroup& cgroup = cgroups.emplace_back();
    while (!controllers.empty()) cgroup.controllers.emplace_back(take_until(controllers, ','));
    cgroup.path = rest;
  }
  return cgroups;
}

}  // namespace myrt::sys
