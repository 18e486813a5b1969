// Which capabilities a container process gets: spec -> five bit sets. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "capabilities/names.h"
#include "oci-spec/spec.h"
#include "sys/result.h"

namespace myrt::capabilities {

// The sets a process holds after exec (CAP-01). Always consistent, so that no later syscall can
// refuse them: effective within permitted, ambient within permitted and inheritable, inheritable
// within bounding.
struct Plan {
  Set bounding = 0, effective = 0, inheritable = 0, permitted = 0, ambient = 0;
  // Each is one sentence for the user; never a reason to fail.
  std::vector<std::string> warnings;
  // The same for what engines ask for with every container, where a warning each time would hide
  // those that matter: runc 1.1 and crun say nothing then (DIFF-50).
  std::vector<std::string> remarks;
  bool operator==(const Plan&) const = default;
};

// Every capability that plan() or exec_plan() could give with these arguments; unknown names aside.
Set requested(const std::optional<oci::LinuxCapabilities>& spec,
              const std::vector<std::string>& added = {});

// `available` is what init can grant: HeldCapabilities::grantable() of the runtime, or
// kAllCapabilities when init enters a user namespace (its first process holds every capability
// there, user_namespaces(7)).
//
// Unknown names (CAP-03), names that are not available (CAP-04) and names that break a rule of
// Plan are dropped with a warning; an ambient one that is not inheritable with a remark. An absent
// set is empty, and so is every set of an absent object: runc and crun, too, take everything away
// then.
Result<Plan> plan(const std::optional<oci::LinuxCapabilities>& spec, Set available);

// For `exec --cap`: as plan(), with `added` in bounding, permitted and effective, and in ambient if
// the config has it in inheritable. Never in inheritable: such a set that is not empty lets a
// file's inheritable capabilities through (CVE-2022-29162). Errors: invalid_argument for an unknown
// added name, since it was typed and not read from a config.
Result<Plan> exec_plan(const std::optional<oci::LinuxCapabilities>& base,
                       const std::vector<std::string>& added, Set available);

// Five lines, "bounding: CAP_CHOWN CAP_KILL", then one "warning: " or "remark: " line each.
std::string to_string(const Plan& plan);

}  // namespace myrt::capabilities
