#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <set>

#include "cgroups/existing.h"
#include "cgroups/tree.h"
#include "sys/files.h"

namespace myrt::cgroups {
namespace {

constexpr int kKillRounds = 3;

// A v1 hierarchy that has the container, any of them: it is in all.
const std::string* a_v1_directory(const Location& location) {
  for (const char* controller : {"freezer", "pids", "devices", "memory"}) {
    if (const std::string* directory = directory_of(location, controller)) return directory;
  }
  for (const auto& [controllers, directory] : location.directories) {
    if (!controllers.empty()) return &directory;
  }
  return nullptr;
}

Result<> send(pid_t pid, int signal) {
  if (::kill(pid, signal) == 0 || errno == ESRCH) return {};
  return errno_error("kill", fmt::format("signal {} to `{}`", signal, pid));
}

// True: cgroup.kill (5.14) took the order.
Result<bool> kill_by_cgroup(const std::string& directory) {
  Result<> killed = sys::write_kernel_file_at(AT_FDCWD, directory + "/cgroup.kill", "1");
  if (killed.ok()) return true;
  const int error = killed.error().errno_value;
  if (error == ENOENT || error == ENODEV || error == EOPNOTSUPP) return false;
  return std::move(killed).error();
}

// Kills until no process appears that has not been killed yet. A process with SIGKILL pending
// cannot fork, so only what was forked before its parent's turn is new in the next round. False:
// there are still new ones.
Result<bool> kill_in_rounds(const Location& location) {
  std::set<pid_t> killed;
  for (int round = 0; round < kKillRounds; ++round) {
    bool found_new = false;
    for (const pid_t pid : TRY(processes(location))) {
      if (!killed.insert(pid).second) continue;
      found_new = true;
      TRY(send(pid, SIGKILL));
    }
    if (!found_new) return true;
  }
  return false;
}

Result<> signal_while_frozen(const Location& location, int signal) {
  // Without a freezer, or when some process cannot be stopped, all that are seen get it.
  const bool was_frozen = TRY(is_frozen(location));
  const bool frozen = !was_frozen && freeze(location).ok();
  Result<> first;
  const Result<std::vector<pid_t>> pids = processes(location);
  if (pids.ok()) {
    for (const pid_t pid : *pids) {
      Result<> sent = send(pid, signal);
      if (first.ok() && !sent.ok()) first = std::move(sent);
    }
  }
  if (frozen) TRY(thaw(location));
  if (!pids.ok()) return pids.error();
  return first;
}

}  // namespace

Result<std::vector<pid_t>> processes(const Location& location) {
  std::vector<pid_t> pids;
  const std::string* unified = unified_directory(location);
  if (unified != nullptr) pids = TRY(pids_below(*unified));
  if (const std::string* v1 = a_v1_directory(location)) {
    const std::vector<pid_t> more = TRY(pids_below(*v1));
    pids.insert(pids.end(), more.begin(), more.end());
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

Result<> kill_all(const Location& location, int signal) {
  if (signal != SIGKILL) {
    const std::vector<pid_t> pids = TRY(processes(location));
    if (pids.empty()) return {};
    return signal_while_frozen(location, signal);
  }
  if (const std::string* unified = unified_directory(location)) {
    // A hybrid host's v1 hierarchies may hold processes that are not in the unified one.
    if (TRY(kill_by_cgroup(*unified)) && location.mode == Mode::v2) return {};
  }
  if (!TRY(kill_in_rounds(location))) TRY(signal_while_frozen(location, SIGKILL));
  // A process that cgroup v1 has frozen dies only when thawed.
  if (TRY(is_frozen(location))) TRY(thaw(location));
  return {};
}

}  // namespace myrt::cgroups
