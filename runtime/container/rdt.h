// A container's place in resctrl: remembered at create, changed by update, read by events.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/container/status.h"
#include "runtime/init/intel_rdt.h"
#include "runtime/init/rdt_stats.h"
#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::container {

// What apply_rdt has made: removed again unless kept.
class RdtGroups {
 public:
  RdtGroups() = default;
  RdtGroups(sys::UniqueFd resctrl, init::RdtResidue residue)
      : resctrl_(std::move(resctrl)), residue_(std::move(residue)) {}
  RdtGroups(RdtGroups&& other) noexcept = default;
  RdtGroups& operator=(RdtGroups&& other) noexcept;
  ~RdtGroups();
  void keep() { resctrl_.reset(); }

 private:
  sys::UniqueFd resctrl_;
  init::RdtResidue residue_;
};

// What delete may have to remove of a plan that has not been carried out yet.
std::vector<std::string> planned_groups(const init::RdtPlan& plan);
// Writes into the state where the container is, and what delete has to remove, instead of what was
// planned.
void record_rdt(const init::RdtPlan& plan, const init::RdtResidue& residue, ContainerState& state);

// Gives the container's class other schemata. Without a class it gets one of its own, with all its
// processes in it; the state is saved then. Errors: unsupported without a resctrl file system;
// invalid_config; system. Nothing is changed then.
Result<> update_rdt(Container& container, const RdtSchemas& schemas);

// nullopt for a container that is in no class. Errors: as above.
Result<std::optional<init::RdtStats>> read_rdt_stats(const ContainerState& state);

}  // namespace myrt::container
