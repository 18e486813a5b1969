#include "cgroups/resource_values.h"
#include "cgroups/v2/resources.h"

namespace myrt::cgroups::v2 {

Result<Writes> hugetlb_writes(const std::vector<oci::HugepageLimit>& limits,
                              const std::string& pointer) {
  Writes writes;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const std::string where = fmt::format("{}/{}", pointer, i);
    TRY(check_page_size(limits[i].page_size, where + "/pageSize"));
    const std::string value = fmt::to_string(limits[i].limit);
    // Reservations are counted since 5.7; without them fault accounting alone has to do (CHP-03).
    writes.push_back({.controller = "hugetlb",
                      .file = fmt::format("hugetlb.{}.rsvd.max", limits[i].page_size),
                      .value = value,
                      .pointer = where,
                      .on_missing = OnMissing::skip});
    writes.push_back({.controller = "hugetlb",
                      .file = fmt::format("hugetlb.{}.max", limits[i].page_size),
                      .value = value,
                      .pointer = where});
  }
  return writes;
}

}  // namespace myrt::cgroups::v2
