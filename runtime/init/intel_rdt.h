// linux.intelRdt: cache and memory bandwidth classes on a resctrl filesystem (config-linux.md,
// "IntelRdt"). Runs in the runtime process; needs only the pid of init.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "oci-spec/spec_linux.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::init {

enum class RdtDirectory : std::uint8_t {
  required,  // closID without a schema: must exist (RDT-08)
  shared,    // closID with a schema: made when missing, else compared; never removed (RDT-05..07)
  own,       // no closID: <container id>, made now and removed on delete (RDT-04)
};

struct RdtPlan {
  std::string clos;  // directory below the resctrl root; "" is the root itself (RDT-03)
  RdtDirectory directory = RdtDirectory::own;
  std::vector<std::string> schemata;  // lines in the order of RDT-12; empty: none written (RDT-13)
  std::string monitor_group;          // name below mon_groups; empty: no monitoring (RDT-14)
  bool operator==(const RdtPlan&) const = default;
};

// Pure. std::nullopt when the section is absent (RDT-01). Errors: invalid_config at
// /linux/intelRdt/... (RDT-09..11, a closID that is not a file name).
Result<std::optional<RdtPlan>> plan_rdt(const std::optional<oci::IntelRdt>& intel_rdt,
                                        const std::string& container_id);

// What delete has to remove, relative to the resctrl root; empty: nothing. To be kept in the state.
struct RdtResidue {
  std::string clos;
  std::string monitor_group;  // "web/mon_groups/c1"
  bool operator==(const RdtResidue&) const = default;
};

// /sys/fs/resctrl, checked to be one. Errors: unsupported at /linux/intelRdt when it is not mounted
// (RDT-02).
Result<sys::UniqueFd> open_resctrl();

// Makes or checks the directory, writes the schemata, then the pid. Takes back what it made when a
// step fails. Errors: system; invalid_config (RDT-07, RDT-08).
Result<RdtResidue> apply_rdt(int resctrl_fd, const RdtPlan& plan, pid_t pid);

// On update, for a class that exists: all lines or none, since the kernel checks the whole of one
// write before it applies any of it. Errors: unsupported for the root class, which belongs to every
// process of the host; system.
Result<> update_rdt(int resctrl_fd, const std::string& clos,
                    const std::vector<std::string>& schemata);

// Moves threads into a class. One that has ended meanwhile is no error. Errors: system.
Result<> move_rdt_tasks(int resctrl_fd, const std::string& clos, const std::vector<pid_t>& tids);

// On delete. What is already gone is not an error. Errors: system.
Result<> remove_rdt(int resctrl_fd, const RdtResidue& residue);

}  // namespace myrt::init
