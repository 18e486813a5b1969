// `update`: new limits for a container that lives.
#include "cgroups/existing.h"
#include "runtime/container/rdt.h"
#include "runtime/myrt.h"

namespace myrt {

Result<> update(const Context& context, const std::string& id, const oci::Resources& resources,
                const RdtSchemas& schemas) {
  auto found = TRY(container::find(context.root, id, container::Lock::exclusive));
  if (found.status == oci::Status::stopped || found.status == oci::Status::creating) {
    return make_error(ErrorCode::wrong_status,
                      fmt::format("cannot update a container that is {}", to_string(found.status)));
  }
  // First, since this is refused as a whole or not at all.
  TRY(container::update_rdt(found, schemas).in_phase(Phase::cgroup));
  const auto warnings = TRY(cgroups::update(found.state.cgroup, resources).in_phase(Phase::cgroup));
  for (const std::string& warning : warnings) context.warn(warning);
  return {};
}

}  // namespace myrt
