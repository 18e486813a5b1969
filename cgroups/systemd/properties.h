// The properties of a container's unit, from its limits and annotations. Pure.
#pragma once

#include <map>
#include <string>

#include "cgroups/systemd/unit.h"
#include "cgroups/systemd/value.h"
#include "cgroups/write.h"
#include "sys/result.h"

namespace myrt::cgroups::systemd {

// What systemd knows of a limit, for each write that has a property. It needs to know: whatever it
// thinks a unit has it writes again when the unit changes, and at times after a `daemon-reload`.
// Writes without a property (io.max, hugetlb...) it leaves alone, but for those of update.cc.
// `period_us` is the one in force, for a cpu.max without.
Properties limit_properties(const Writes& writes, std::uint64_t period_us);

// `org.systemd.property.NAME: VALUE` in GVariant's text format, as runc and crun take them: NAME in
// seconds ("TimeoutStopSec") is the property in microseconds. Errors: invalid_config with the
// annotation's pointer.
Result<Properties> annotated_properties(const std::map<std::string, std::string>& annotations);

// All but the pids of a unit that is about to be made. An annotation wins over what we would set.
Result<Properties> unit_properties(const Unit& unit, const std::string& container_id,
                                   const Writes& writes,
                                   const std::map<std::string, std::string>& annotations);

// One value of GVariant's text format: booleans, numbers with or without a type, strings, arrays,
// tuples, and `@TYPE` before any. Errors: invalid_argument.
Result<Value> parse_value(std::string_view text);

}  // namespace myrt::cgroups::systemd
