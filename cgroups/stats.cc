#include "cgroups/stats.h"

#include <sys/stat.h>

#include <limits>

#include "cgroups/stats_files.h"
#include "cgroups/tree.h"

namespace myrt::cgroups {
namespace {

Result<> check_present(const Location& location) {
  for (const auto& entry : location.directories) {
    struct stat info {};
    if (::stat(entry.second.c_str(), &info) == 0) continue;
    if (errno == ENOENT) {
      return make_error(ErrorCode::not_found, fmt::format("cgroup `{}` is gone", entry.second));
    }
    return errno_error("stat", fmt::format("stat `{}`", entry.second));
  }
  return {};
}

}  // namespace

Result<Stats> read_stats(const Location& location) {
  TRY(check_present(location));
  const std::string* unified = unified_directory(location);
  Stats stats;
  if (location.mode != Mode::v2) {
    stats = TRY(stats_v1(location));
    // v1 has no pressure of its own, a hybrid host's unified hierarchy does.
    if (unified != nullptr) {
      stats.cpu.psi = TRY(read_pressure(*unified, "cpu.pressure"));
      stats.memory.psi = TRY(read_pressure(*unified, "memory.pressure"));
      stats.blkio.psi = TRY(read_pressure(*unified, "io.pressure"));
    }
  } else if (unified != nullptr) {
    stats = TRY(stats_v2(*unified));
  }
  if (stats.pids.limit == std::numeric_limits<std::uint64_t>::max()) stats.pids.limit = 0;
  return stats;
}

}  // namespace myrt::cgroups
