// flock(2), and who holds it.
#include <poll.h>
#include <sys/file.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>

#include "sys/files.h"

namespace myrt::sys {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// One word of "1: FLOCK  ADVISORY  WRITE 4711 00:2e:12345 0 EOF".
std::string_view take_word(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

// The process, if the line is about a lock on this inode that is held.
std::optional<pid_t> holder_in(std::string_view line, std::string_view inode) {
  take_word(line);  // the number; "->" after it is one who waits
  if (take_word(line) != "FLOCK") return std::nullopt;
  take_word(line);
  take_word(line);
  const std::string_view number = take_word(line);
  if (take_word(line) != inode) return std::nullopt;
  pid_t pid = 0;
  std::from_chars(number.data(), number.data() + number.size(), pid);
  return pid > 0 ? std::optional(pid) : std::nullopt;
}

}  // namespace

// The kernel has no flock with a bound. The first attempt is the only one that usually counts; who
// waits asks again after 1, 2, 4 ... 32 ms.
Result<> lock_exclusive(int fd, milliseconds bound) {
  constexpr milliseconds kLongestPause{32};
  const Clock::time_point deadline = Clock::now() + bound;
  for (milliseconds pause{1};; pause = std::min(2 * pause, kLongestPause)) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return {};
    const int error = errno;
    if (error == EINTR) continue;
    if (error != EWOULDBLOCK) return errno_error("flock", fmt::format("lock fd `{}`", fd), error);
    if (Clock::now() >= deadline) {
      return make_error(ErrorCode::timeout, "another process holds the lock");
    }
    ::poll(nullptr, 0, static_cast<int>(pause.count()));
  }
}

std::optional<pid_t> lock_holder(int fd) {
  const auto status = stat_fd(fd);
  const auto locks = read_file("/proc/locks");
  if (!status.ok() || !locks.ok()) return std::nullopt;
  const std::string inode =
      fmt::format("{:02x}:{:02x}:{}", major(status->st_dev), minor(status->st_dev), status->st_ino);
  for (std::string_view rest = *locks; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (const auto pid = holder_in(line, inode)) return pid;
  }
  return std::nullopt;
}

}  // namespace myrt::sys
