// Metric families and their samples as text: Prometheus' text format 0.0.4 and OpenMetrics 1.0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cgroups/usage.h"
#include "runtime/myrt.h"
#include "sys/phases.h"

namespace myrt::inspection {

// One container at one moment.
struct Reading {
  std::string id, bundle;
  std::string_view status;
  double created_seconds = 0;          // since 1970; 0: unknown
  std::vector<sys::PhaseTime> phases;  // of the creation
  cgroups::Usage usage;
};

// All families, each with the samples of all readings. Pure.
std::string exposition(const std::vector<Reading>& readings, const Version& version,
                       MetricsFormat format);

// Seconds since 1970 of an RFC 3339 time in UTC, as the state directory has it; 0 when it is not
// one.
double parse_timestamp(std::string_view text);

}  // namespace myrt::inspection
