#include "runtime/container/streams.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "sys/files.h"
#include "sys/mount_id.h"

namespace myrt::container {
namespace {

constexpr int kStreams = 3;
// Device majors of terminals: tty and console, virtual consoles and ptys
// (Documentation/admin-guide/ devices.txt).
constexpr unsigned kTtyMajor = 4;
constexpr unsigned kConsoleMajor = 5;
constexpr unsigned kFirstPtyMajor = 136;
constexpr unsigned kLastPtyMajor = 143;

bool is_terminal(const struct stat& status) {
  if (!S_ISCHR(status.st_mode)) return false;
  const unsigned number = major(status.st_rdev);
  return number == kTtyMajor || number == kConsoleMajor ||
         (number >= kFirstPtyMajor && number <= kLastPtyMajor);
}

Result<Stream> observe_stream(int fds, int fd) {
  const std::string name = fmt::format_int(fd).str();
  Stream stream{fd, "", 0, 0, 0, false};
  auto link = sys::read_link_at(fds, name);
  if (!link.ok()) {
    if (link.error().errno_value == ENOENT) return stream;
    return std::move(link).error();
  }
  stream.link = std::move(link).value();
  const sys::UniqueFd file = TRY(sys::open_at(fds, name, O_PATH));
  const struct stat status = TRY(sys::stat_fd(file.get()));
  stream.mode = status.st_mode;
  stream.inode = status.st_ino;
  stream.mount_id = TRY(sys::mount_id(file.get()));
  stream.terminal = is_terminal(status);
  return stream;
}

bool is_file(const Stream& stream) {
  return (S_ISREG(stream.mode) || S_ISCHR(stream.mode)) && !stream.link.empty();
}

Result<std::vector<Stream>> look(const sys::Procfs& procfs, pid_t pid) {
  const sys::UniqueFd fds = TRY(procfs.open_at(fmt::format("{}/fd", pid), O_PATH | O_DIRECTORY));
  std::vector<Stream> streams;
  streams.reserve(kStreams);
  for (int fd = 0; fd < kStreams; ++fd) streams.push_back(TRY(observe_stream(fds.get(), fd)));
  return streams;
}

}  // namespace

Result<std::vector<Stream>> observe_streams(const sys::Procfs& procfs, pid_t pid,
                                            const std::vector<ObservedMount>& observed) {
  constexpr int kLooks = 20;
  constexpr int kPauseMs = 5;
  for (int looks = 1;; ++looks) {
    auto streams = TRY(look(procfs, pid));
    if (looks == kLooks || std::ranges::none_of(streams, [&](const Stream& stream) {
          return is_redirected(stream, observed);
        })) {
      return streams;
    }
    ::poll(nullptr, 0, kPauseMs);
  }
}

bool is_redirected(const Stream& stream, const std::vector<ObservedMount>& observed) {
  return is_file(stream) && !stream.terminal && !is_of_the_host(stream, observed);
}

bool is_of_the_host(const Stream& stream, const std::vector<ObservedMount>& observed) {
  return is_file(stream) && std::ranges::none_of(observed, [&](const ObservedMount& mount) {
           return mount.info.id == stream.mount_id;
         });
}

std::vector<KeyedStream> external_streams(const std::vector<Stream>& streams,
                                          const std::vector<ObservedMount>& observed) {
  std::vector<KeyedStream> keyed;
  for (const Stream& stream : streams) {
    if (stream.terminal || !is_of_the_host(stream, observed)) continue;
    const std::string key = fmt::format("file[{:x}:{:x}]", stream.mount_id, stream.inode);
    // Several streams of one file are one to CRIU.
    if (std::ranges::find(keyed, key, &KeyedStream::key) != keyed.end()) continue;
    keyed.push_back({stream.fd, key});
  }
  return keyed;
}

Descriptors descriptors_of(const std::vector<Stream>& streams) {
  Descriptors descriptors;
  for (const Stream& stream : streams) descriptors.push_back(stream.link);
  return descriptors;
}

}  // namespace myrt::container
