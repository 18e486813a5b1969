// Which unit a container is, from its cgroupsPath. Pure.
#pragma once

#include <string>
#include <string_view>

#include "sys/result.h"

namespace myrt::cgroups::systemd {

struct Unit {
  std::string name;   // "libpod-web1.scope"
  std::string slice;  // "machine.slice"; of a slice, the one above it
  std::string path;   // its cgroup below the manager's: "/machine.slice/libpod-web1.scope"
  bool operator==(const Unit&) const = default;
};

// `SLICE:PREFIX:NAME` is the scope PREFIX-NAME.scope in SLICE, without a prefix NAME.scope; a name
// that ends in ".slice" is that slice itself (CGP-10 to CGP-12). No path is `:myrt:ID`. An empty
// SLICE is `default_slice`, "-" is the root. What a unit name cannot have is escaped as systemd
// does: `+` becomes `\x2b`. Errors: invalid_config.
Result<Unit> unit_of(std::string_view cgroups_path, std::string_view container_id,
                     std::string_view default_slice);

// How a later command finds a unit: what the state file stores.
struct UnitAddress {
  std::string bus = {};  // "unix:path=/run/dbus/system_bus_socket"
  std::string name;      // "libpod-web1.scope"
  bool operator==(const UnitAddress&) const = default;
};

bool is_slice(std::string_view unit_name);

}  // namespace myrt::cgroups::systemd
