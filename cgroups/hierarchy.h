// Which cgroup hierarchies this host has, and where the runtime process itself is in them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/result.h"

namespace myrt::cgroups {

enum class Mode : std::uint8_t { v1, hybrid, v2 };
std::string_view to_string(Mode mode);

struct Hierarchy {
  std::vector<std::string> controllers;  // "cpu", "name=systemd"; empty: the v2 (unified) hierarchy
  std::string mount_point;               // "/sys/fs/cgroup/cpu"
  std::string own_path = "/";            // the runtime process's cgroup, below the mount point
  bool operator==(const Hierarchy&) const = default;
};

// Hybrid counts as v1 for resources; its unified hierarchy still gives clone_fd, cgroup.freeze and
// cgroup.kill (CGP-15).
struct Host {
  Mode mode = Mode::v2;
  std::vector<Hierarchy> hierarchies;  // the unified one, if any, comes last
  bool operator==(const Host&) const = default;
};

// Where the facts come from: the kernel, or a test.
struct HostSources {
  std::function<Result<std::string>()> process_cgroups;  // text of /proc/self/cgroup
  std::function<Result<std::string>()> mountinfo;  // text of /proc/self/mountinfo; only when needed
  // f_type of statfs(2); 0 when there is no such path
  std::function<std::int64_t(const std::string&)> filesystem_type;
  std::function<bool(const std::string&)> is_directory;
};

// Looks at the customary places first (a statfs(2) per hierarchy); /proc/self/mountinfo, which is
// long on a host with many containers, is parsed only when something is not there. Runs in the
// runtime process. Errors: system; unsupported when no cgroup hierarchy is mounted at all.
Result<Host> discover();
Result<Host> discover(const HostSources& sources);

}  // namespace myrt::cgroups
