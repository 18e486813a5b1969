#include "cgroups/oom_events.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cgroups/tree.h"
#include "sys/files.h"

namespace myrt::cgroups {
namespace {

Result<sys::UniqueFd> open_control(const std::string* directory, const char* file) {
  if (directory == nullptr) {
    return make_error(ErrorCode::unsupported, "the container has no memory controller");
  }
  Result<sys::UniqueFd> opened = sys::open(fmt::format("{}/{}", *directory, file), O_RDONLY);
  if (!opened.ok() && opened.error().errno_value == ENOENT) {
    return make_error(ErrorCode::unsupported, "the container has no memory controller");
  }
  return opened;
}

// The first line of a file; empty when it cannot be read.
std::string first_line(const std::string& path) {
  const Result<std::string> text = sys::read_file(path);
  return text.ok() ? text->substr(0, text->find('\n')) : std::string();
}

}  // namespace

std::string limit_and_peak(const Location& location) {
  const bool v2 = location.mode == Mode::v2;
  const std::string* directory =
      v2 ? unified_directory(location) : directory_of(location, "memory");
  if (directory == nullptr) return {};
  const std::string limit =
      first_line(*directory + (v2 ? "/memory.max" : "/memory.limit_in_bytes"));
  const std::string peak =
      first_line(*directory + (v2 ? "/memory.peak" : "/memory.max_usage_in_bytes"));
  std::string text;
  if (!limit.empty()) text += fmt::format(": limit {}", limit);
  if (!limit.empty() && !peak.empty()) text += fmt::format(", peak {}", peak);
  return text;
}

Result<OomEvents> OomEvents::open(const Location& location) {
  OomEvents events;
  events.mode_ = location.mode;
  if (location.mode == Mode::v2) {
    events.poll_fd_ = TRY(open_control(unified_directory(location), "memory.events"));
    events.counters_ = TRY(events.read_counters());
    return events;
  }
  const std::string* directory = directory_of(location, "memory");
  events.control_fd_ = TRY(open_control(directory, "memory.oom_control"));
  events.poll_fd_ = sys::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!events.poll_fd_.valid()) return errno_error("eventfd", "eventfd for OOM events");
  TRY(sys::write_kernel_file_at(
      AT_FDCWD, *directory + "/cgroup.event_control",
      fmt::format("{} {}", events.poll_fd_.get(), events.control_fd_.get())));
  events.counters_ = TRY(events.read_counters());
  return events;
}

short OomEvents::poll_events() const { return mode_ == Mode::v2 ? POLLPRI : POLLIN; }

Result<OomCounters> OomEvents::read_counters() const {
  const int fd = mode_ == Mode::v2 ? poll_fd_.get() : control_fd_.get();
  if (::lseek(fd, 0, SEEK_SET) < 0) return errno_error("lseek", "rewind the OOM counters");
  const std::string text = TRY(sys::read_all(fd, "the OOM counters"));
  return OomCounters{.oom = flat_keyed_value(text, "oom").value_or(0),
                     .oom_kill = flat_keyed_value(text, "oom_kill").value_or(0)};
}

Result<OomEvents::Change> OomEvents::take() {
  std::uint64_t signals = 0;
  if (mode_ != Mode::v2 && ::read(poll_fd_.get(), &signals, sizeof(signals)) < 0) {
    if (errno == EAGAIN) return Change::none;
    return errno_error("read", "read the eventfd for OOM events");
  }
  const Result<OomCounters> now = read_counters();
  if (!now.ok()) {
    const int error = now.error().errno_value;
    if (error == ENODEV || error == ENOENT) return Change::cgroup_gone;
    return now.error();
  }
  const OomCounters before = counters_;
  counters_ = *now;
  // The v1 kernel signals only for this, and cannot be asked (before 4.13) how often.
  if (mode_ != Mode::v2) return Change::oom;
  return counters_.oom_kill > before.oom_kill ? Change::oom : Change::none;
}

}  // namespace myrt::cgroups
