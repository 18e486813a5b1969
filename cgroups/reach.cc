#include "cgroups/reach.h"

#include <unistd.h>

#include <algorithm>

#include "cgroups/systemd/unit_jobs.h"
#include "cgroups/tree.h"

namespace myrt::cgroups {

std::string common_ancestor(std::string_view a, std::string_view b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  std::size_t end = 0;
  for (std::size_t i = 0; i <= shorter; ++i) {
    const bool at_end_of_a = i == a.size() || a[i] == '/';
    const bool at_end_of_b = i == b.size() || b[i] == '/';
    if (at_end_of_a && at_end_of_b) end = i;
    if (i == shorter || a[i] != b[i]) break;
  }
  return std::string(a.substr(0, end));
}

Result<> come_within_reach(const Location& location) {
  const std::string* directory = unified_directory(location);
  if (!location.unit || directory == nullptr) return {};
  const Host host = TRY(discover());
  const Hierarchy& unified = host.hierarchies.back();
  const std::string own = unified.mount_point + unified.own_path;
  const std::string ancestor = common_ancestor(own, *directory);
  if (::access((ancestor + "/cgroup.procs").c_str(), W_OK) == 0) return {};
  const auto pid = static_cast<std::uint32_t>(::getpid());
  auto bus = TRY(systemd::Connection::open(location.unit->bus, systemd::kBound));
  return systemd::start_unit(std::move(bus), fmt::format("myrt-caller-{}.scope", pid),
                             {{"Description", systemd::string("myrt, for " + location.unit->name)},
                              {"CollectMode", systemd::string("inactive-or-failed")},
                              {"PIDs", systemd::array("u", {systemd::uint32(pid)})}});
}

}  // namespace myrt::cgroups
