#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "cgroups/existing.h"
#include "cgroups/tree.h"
#include "sys/activity.h"
#include "sys/files.h"

namespace myrt::cgroups {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kBound(10);
// A v1 freezer may stay FREEZING for ever when a task forks at the wrong moment; thawing for a
// moment lets it pass.
constexpr int kRetriesBeforeThaw = 25;

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<milliseconds::rep>(0, left));
}

// True: the state was reached; false: the time ran out.
Result<bool> wait_for_v2_state(const std::string& directory, std::uint64_t wanted,
                               Clock::time_point deadline) {
  const sys::UniqueFd events = TRY(sys::open(directory + "/cgroup.events", O_RDONLY));
  while (true) {
    if (::lseek(events.get(), 0, SEEK_SET) < 0) return errno_error("lseek", "cgroup.events");
    const std::string text = TRY(sys::read_all(events.get(), "cgroup.events"));
    if (flat_keyed_value(text, "frozen") == wanted) return true;
    const int left_ms = milliseconds_until(deadline);
    if (left_ms == 0) return false;
    pollfd wait = {.fd = events.get(), .events = POLLPRI, .revents = 0};
    ::poll(&wait, 1, left_ms);
  }
}

// The kernel does not say which: a frozen process is one that sleeps.
Error cannot_be_stopped(const std::string& directory) {
  constexpr std::size_t kShown = 3;
  std::string text = fmt::format("freeze `{}`: some process cannot be stopped within {} s",
                                 directory, kBound.count());
  const auto pids = pids_below(directory);
  for (std::size_t i = 0; pids.ok() && i < std::min(pids->size(), kShown); ++i) {
    text += fmt::format("; {}", sys::activity_of((*pids)[i]));
  }
  return make_error(ErrorCode::timeout, std::move(text));
}

// What ends a freeze that did not come about: without it the cgroup might freeze later, when nobody
// expects it any more.
Result<> give_up_freezing(const std::string& file, std::string_view thawed,
                          const std::string& directory, const Result<bool>& frozen) {
  Error error = frozen.ok() ? cannot_be_stopped(directory) : frozen.error();
  ignore(sys::write_kernel_file_at(AT_FDCWD, file, thawed), "the first error counts");
  return error;
}

Result<> freeze_v2(const std::string& directory) {
  const std::string file = directory + "/cgroup.freeze";
  TRY(sys::write_kernel_file_at(AT_FDCWD, file, "1"));
  const auto frozen = wait_for_v2_state(directory, 1, Clock::now() + kBound);
  if (frozen.ok() && *frozen) return {};
  return give_up_freezing(file, "0", directory, frozen);
}

Result<std::string> v1_state(const std::string& directory) {
  std::string text = TRY(sys::read_file(directory + "/freezer.state"));
  return text.substr(0, text.find('\n'));
}

// True: it is frozen; false: the time ran out.
Result<bool> wait_until_frozen_v1(const std::string& directory, const std::string& file) {
  const auto deadline = Clock::now() + kBound;
  for (int attempt = 1;; ++attempt) {
    TRY(sys::write_kernel_file_at(AT_FDCWD, file, "FROZEN"));
    if (TRY(v1_state(directory)) == "FROZEN") return true;
    if (milliseconds_until(deadline) == 0) return false;
    if (attempt % kRetriesBeforeThaw == 0) {
      TRY(sys::write_kernel_file_at(AT_FDCWD, file, "THAWED"));
    }
    ::poll(nullptr, 0, attempt < 10 ? 1 : 10);
  }
}

Result<> freeze_v1(const std::string& directory) {
  const std::string file = directory + "/freezer.state";
  const auto frozen = wait_until_frozen_v1(directory, file);
  if (frozen.ok() && *frozen) return {};
  return give_up_freezing(file, "THAWED", directory, frozen);
}

// A value of a few bytes, in one read. nullopt when the cgroup is gone.
Result<std::optional<std::string>> read_value(const std::string& path) {
  auto text = sys::read_kernel_file(path);
  if (text.ok()) return std::optional(std::move(text).value());
  const int error = text.error().errno_value;
  if (error == ENOENT || error == ENODEV) return std::optional<std::string>();
  return std::move(text).error();
}

// Where v2's freezer has the container. On a hybrid host only when its processes are there too.
Result<const std::string*> v2_freezer(const Location& location) {
  const std::string* directory = unified_directory(location);
  if (directory == nullptr || location.mode == Mode::v2) return directory;
  const std::optional<std::string> events = TRY(read_if_present(*directory + "/cgroup.events"));
  const bool usable = events && flat_keyed_value(*events, "populated") == std::uint64_t{1} &&
                      sys::exists_at(AT_FDCWD, *directory + "/cgroup.freeze");
  return usable ? directory : nullptr;
}

// Another command may delete the container at any moment, and a cgroup that is gone is not frozen.
bool is_gone(const Error& error) {
  return error.errno_value == ENOENT || error.errno_value == ENODEV;
}

Result<> thaw_v1(const std::string& directory) {
  auto written = sys::write_kernel_file_at(AT_FDCWD, directory + "/freezer.state", "THAWED");
  if (!written.ok() && is_gone(written.error())) return {};
  return written;
}

Result<> thaw_v2(const std::string& directory) {
  TRY(sys::write_kernel_file_at(AT_FDCWD, directory + "/cgroup.freeze", "0"));
  if (TRY(wait_for_v2_state(directory, 0, Clock::now() + kBound))) return {};
  return make_error(ErrorCode::timeout,
                    fmt::format("thaw `{}`: it is still frozen from above", directory));
}

}  // namespace

Result<> freeze(const Location& location) {
  if (const std::string* unified = TRY(v2_freezer(location))) return freeze_v2(*unified);
  if (const std::string* freezer = directory_of(location, "freezer")) return freeze_v1(*freezer);
  return make_error(ErrorCode::unsupported,
                    "the container is in no cgroup that can be frozen (cgroup v2 or v1 freezer)");
}

Result<> thaw(const Location& location) {
  // Both, whichever has frozen it.
  const std::string* unified = unified_directory(location);
  const std::string* freezer = directory_of(location, "freezer");
  if (unified == nullptr && freezer == nullptr) {
    return make_error(ErrorCode::unsupported,
                      "the container is in no cgroup that can be frozen (cgroup v2 or v1 freezer)");
  }
  if (freezer != nullptr) TRY(thaw_v1(*freezer));
  if (unified == nullptr) return {};
  auto thawed = thaw_v2(*unified);  // a kernel that cannot freeze there has no such file
  if (!thawed.ok() && is_gone(thawed.error())) return {};
  return thawed;
}

Result<bool> is_frozen(const Location& location) {
  if (const std::string* unified = unified_directory(location)) {
    const std::optional<std::string> text = TRY(read_value(*unified + "/cgroup.events"));
    if (text && flat_keyed_value(*text, "frozen") == std::uint64_t{1}) return true;
  }
  const std::string* freezer = directory_of(location, "freezer");
  if (freezer == nullptr) return false;
  const std::optional<std::string> text = TRY(read_value(*freezer + "/freezer.state"));
  return text && !text->starts_with("THAWED");
}

Result<bool> is_freezing(const Location& location) {
  if (TRY(is_frozen(location))) return true;
  const std::string* unified = unified_directory(location);
  if (unified == nullptr) return false;
  const std::optional<std::string> text = TRY(read_value(*unified + "/cgroup.freeze"));
  return text && text->starts_with("1");
}

}  // namespace myrt::cgroups
