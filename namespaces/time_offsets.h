// A new time namespace and its clock offsets (time_namespaces(7)).
#pragma once

#include <map>
#include <string>

#include "namespaces/plan.h"
#include "oci-spec/spec_linux.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::namespaces {

// The text for /proc/self/timens_offsets: "CLOCK SECONDS NANOSECONDS\n" for each clock. Pure.
std::string time_offsets_text(const std::map<std::string, oci::TimeOffset>& offsets);

// Makes a time namespace, sets the plan's offsets and moves this process into it (TIM-01). Init,
// single-threaded, after it is in its user namespace and before it changes its ids. Errors: system;
// the pointer is /linux/timeOffsets when the kernel refused the offsets.
Result<> enter_new_time_namespace(const sys::Procfs& procfs, const Plan& plan);

}  // namespace myrt::namespaces
