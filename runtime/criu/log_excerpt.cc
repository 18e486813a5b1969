#include "runtime/criu/log_excerpt.h"

namespace myrt::criu {
namespace {

constexpr std::string_view kError = "Error (";
constexpr std::size_t kMaxLine = 300;

}  // namespace

std::string error_lines(std::string_view log, std::size_t limit) {
  std::string lines;
  std::size_t count = 0;
  while (!log.empty() && count < limit) {
    const std::size_t end = log.find('\n');
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
    // "(00.012345)      1: Error (criu/mount.c:1114): mnt: ..."
    const std::size_t error = line.find(kError);
    if (error == std::string_view::npos) continue;
    lines.append("\n").append(line.substr(error, kMaxLine));
    ++count;
  }
  if (!lines.empty()) lines.erase(0, 1);
  return lines;
}

}  // namespace myrt::criu
