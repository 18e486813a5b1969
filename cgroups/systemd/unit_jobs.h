// What we ask of systemd: to start, change and stop one unit. Each function is a connection of its
// own, with as few messages as there can be: no Subscribe, which would have systemd send everybody
// every change of every unit, but a match for the end of jobs of our own unit.
#pragma once

#include <chrono>
#include <string>

#include "cgroups/systemd/connection.h"
#include "cgroups/systemd/value.h"
#include "sys/result.h"

namespace myrt::cgroups::systemd {

// Makes and starts a transient unit with one StartTransientUnit, and returns when its job is done.
// Errors name the unit and what systemd said; already_exists when there is such a unit; timeout.
Result<> start_unit(Connection bus, const std::string& unit, const Properties& properties);
// Returns when the unit is down. One that is not loaded is down.
Result<> stop_unit(Connection bus, const std::string& unit);
// SetUnitProperties until the unit ends (`runtime`). systemd has written the cgroup's files when it
// returns: whatever the caller writes stays.
Result<> set_properties(Connection bus, const std::string& unit, const Properties& properties);
// The cgroup below which the manager has its units: "" for the system's, or
// "/user.slice/user-1000.slice/user@1000.service".
Result<std::string> control_group(Connection bus);

}  // namespace myrt::cgroups::systemd
