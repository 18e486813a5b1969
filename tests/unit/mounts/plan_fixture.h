// A spec and inputs to plan from, as a plain host would give them.
#pragma once

#include "mounts/plan.h"
#include "tests/support/catch.h"

namespace myrt::test {

struct PlanFixture {
  oci::Spec spec;
  mounts::Inputs inputs;

  PlanFixture() {
    spec.root = oci::Root{"rootfs", false};
    spec.linux = oci::Linux{};
    inputs.bundle = "/b";
    inputs.rootfs = "/b/rootfs";
  }
  oci::Mount& add(const std::string& destination, const std::string& type,
                  const std::string& source, const std::vector<std::string>& options) {
    oci::Mount mount;
    mount.destination = destination;
    mount.type = type;
    mount.source = source;
    mount.options = options;
    spec.mounts.push_back(mount);
    return spec.mounts.back();
  }
  mounts::Plan planned() const {
    const Result<mounts::Plan> result = mounts::plan(spec, inputs);
    INFO((result.ok() ? std::string() : result.error().message));
    REQUIRE(result.ok());
    return *result;
  }
  // The lines of the plan that are about mounts.
  std::string mount_lines() const {
    mounts::Plan plan = planned();
    plan.devices.clear();
    plan.furnish_dev = false;
    const std::string text = mounts::to_string(plan);
    return text.substr(text.find('\n') + 1);
  }
  Error refused() const {
    const Result<mounts::Plan> result = mounts::plan(spec, inputs);
    REQUIRE_FALSE(result.ok());
    return result.error();
  }
};

}  // namespace myrt::test
