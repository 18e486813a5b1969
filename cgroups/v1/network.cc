#include "cgroups/resource_values.h"
#include "cgroups/v1/resources.h"

namespace myrt::cgroups::v1 {

Result<Writes> network_writes(const oci::NetworkResources& network, const std::string& pointer) {
  Writes writes;
  if (network.class_id) {
    writes.push_back({.controller = "net_cls",
                      .file = "net_cls.classid",
                      .value = fmt::to_string(*network.class_id),
                      .pointer = pointer + "/classID"});
  }
  for (std::size_t i = 0; i < network.priorities.size(); ++i) {
    const oci::InterfacePriority& entry = network.priorities[i];
    const std::string where = fmt::format("{}/priorities/{}", pointer, i);
    if (!is_plain_word(entry.name)) {
      return config_error(where + "/name", "the interface name is not usable");
    }
    writes.push_back({.controller = "net_prio",
                      .file = "net_prio.ifpriomap",
                      .value = fmt::format("{} {}", entry.name, entry.priority),
                      .pointer = where});
  }
  return writes;
}

}  // namespace myrt::cgroups::v1
