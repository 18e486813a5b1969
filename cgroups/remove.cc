#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cgroups/existing.h"
#include "cgroups/systemd/unit_jobs.h"
#include "cgroups/tree.h"
#include "sys/activity.h"
#include "sys/files.h"

namespace myrt::cgroups {
namespace {

constexpr std::size_t kPidsInMessage = 10;

std::string pids_text(const std::vector<pid_t>& pids) {
  std::string text;
  for (std::size_t i = 0; i < std::min(pids.size(), kPidsInMessage); ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : " ", pids[i]);
  }
  if (pids.size() > kPidsInMessage) text += " ...";
  return text;
}

Result<bool> remove_below(const std::string& directory,
                          std::chrono::steady_clock::time_point deadline) {
  for (const std::string& name : TRY(child_cgroups(directory))) {
    if (!TRY(remove_directory(fmt::format("{}/{}", directory, name), deadline))) return false;
  }
  return true;
}

// A scope whose processes are gone takes its cgroup with it, and systemd forgets it before it
// reads its next message: then there is nothing to say.
Result<> stop_unit(const Location& location, std::chrono::milliseconds bound) {
  const std::string* directory = unified_directory(location);
  if (!location.unit || directory == nullptr) return {};
  if (!sys::exists_at(AT_FDCWD, *directory)) return {};
  return systemd::stop_unit(TRY(systemd::Connection::open(location.unit->bus, bound)),
                            location.unit->name);
}

// Also one that has no cgroup yet.
Result<> stop_planned_unit(const Location& location, std::chrono::milliseconds bound) {
  if (!location.unit) return {};
  auto bus = systemd::Connection::open(location.unit->bus, bound);
  // No bus, and so no systemd that is about to make it.
  if (!bus.ok() && bus.error().code == ErrorCode::unsupported) return {};
  return systemd::stop_unit(TRY(std::move(bus)), location.unit->name);
}

}  // namespace

bool remove_empty(const Location& location) {
  bool gone = true;
  for (const auto& [controllers, directory] : location.directories) {
    gone = (::rmdir(directory.c_str()) == 0 || errno == ENOENT) && gone;
  }
  return gone;
}

Result<> remove(const Location& location, std::chrono::milliseconds bound) {
  Result<> stopped = stop_planned_unit(location, bound);
  TRY(remove_made(location, {}, bound));
  return stopped;
}

Result<> remove_made(const Location& location, const std::vector<std::string>& found,
                     std::chrono::milliseconds bound) {
  const auto deadline = std::chrono::steady_clock::now() + bound;
  // When systemd does not answer, the cgroup is removed all the same, and it will notice.
  const Result<> stopped = stop_unit(location, bound);
  Result<> first;
  for (const auto& entry : location.directories) {
    const bool is_found = std::find(found.begin(), found.end(), entry.second) != found.end();
    const Result<bool> removed =
        is_found ? remove_below(entry.second, deadline) : remove_directory(entry.second, deadline);
    if (removed.ok() && *removed) continue;
    // The other hierarchies are cleaned up all the same.
    if (!first.ok()) continue;
    if (!removed.ok()) {
      first = removed.error();
      continue;
    }
    const Result<std::vector<pid_t>> pids = pids_below(entry.second);
    first = make_error(ErrorCode::timeout,
                       fmt::format("remove cgroup `{}`: still in use{}", entry.second,
                                   pids.ok() && !pids->empty()
                                       ? fmt::format(" by process {} ({})", pids_text(*pids),
                                                     sys::activity_of(pids->front()))
                                       : ""));
  }
  if (!first.ok() && !stopped.ok()) {
    first.error().message += fmt::format(" ({})", stopped.error().message);
  }
  return first;
}

}  // namespace myrt::cgroups
