// /proc, read and written so that nothing mounted over it can redirect a write (CVE-2019-16884,
// CVE-2025-52881).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::sys {

// A handle on a real procfs root, opened by the runtime process on the host's /proc and inherited
// by init. Paths below it are resolved with RESOLVE_NO_XDEV|RESOLVE_NO_MAGICLINKS|RESOLVE_BENEATH,
// so an over-mounted file or directory is an error and never written.
class Procfs {
 public:
  // Opens /proc and checks PROC_SUPER_MAGIC and the root inode. When /proc is over-mounted below
  // (myrt inside a container), a private instance (fsopen "proc") is tried on the first EXDEV.
  static Result<Procfs> open();
  // A tree of plain files that stands for /proc, for tests of what is written where.
  static Procfs imitation(UniqueFd tree) { return Procfs(std::move(tree)); }

  int fd() const { return root_.get(); }
  Result<UniqueFd> open_at(const std::string& path, int flags) const;
  Result<std::string> read(const std::string& path) const;
  Result<> write(const std::string& path, std::string_view value) const;

 private:
  explicit Procfs(UniqueFd root) : root_(std::move(root)) {}
  UniqueFd root_;
};

// Field 22 of /proc/PID/stat, in clock ticks since boot, and the state letter. not_found when there
// is no such process.
struct ProcessStat {
  char state = '?';  // 'Z' and 'X' count as exited
  pid_t parent_pid = 0;
  std::uint64_t start_time_ticks = 0;
};
Result<ProcessStat> parse_process_stat(std::string_view text);
Result<std::optional<ProcessStat>> read_process_stat(pid_t pid);

struct MountInfo {
  std::uint64_t id = 0, parent_id = 0;
  std::string root, mount_point, fstype, source;
  std::string options, super_options;
  std::string propagation;  // the optional fields, e.g. "shared:1 master:2"
};
// Octal escapes are decoded. Malformed lines are Error{invalid_argument}.
Result<std::vector<MountInfo>> parse_mountinfo(std::string_view text);

// One line of /proc/PID/cgroup. `controllers` is empty for cgroup v2 ("0::/path").
struct ProcessCgroup {
  std::vector<std::string> controllers;  // "cpu", "cpuacct", "name=systemd"
  std::string path;
};
Result<std::vector<ProcessCgroup>> parse_process_cgroups(std::string_view text);

}  // namespace myrt::sys
