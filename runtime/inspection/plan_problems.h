// Everything for which planning refuses a configuration, not only the first thing.
#pragma once

#include <optional>
#include <vector>

#include "oci-spec/inspect.h"
#include "oci-spec/spec.h"
#include "runtime/plan/container_plan.h"

namespace myrt::inspection {

struct Planned {
  std::vector<oci::Remark> problems;  // without a place yet: oci::locate
  // Of the configuration without what was refused; absent when that could not be left out.
  std::optional<plan::ContainerPlan> rest;
};

// Pure but for the compiler of the seccomp filter.
Planned plan_all(const oci::Spec& spec, const plan::Inputs& inputs);

// The failure as a remark: its own words without the pointer, which a remark has already.
oci::Remark to_remark(const Error& error);

}  // namespace myrt::inspection
