#include <fmt/format.h>

#include "cgroups/resource_values.h"

namespace myrt::cgroups {

Result<Writes> hugetlb_writes(const std::vector<oci::HugepageLimit>& limits, const char* limit_file,
                              const std::string& pointer) {
  Writes writes;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const std::string where = fmt::format("{}/{}", pointer, i);
    TRY(check_page_size(limits[i].page_size, where + "/pageSize"));
    const std::string value = fmt::to_string(limits[i].limit);
    // Reservations are counted since 5.7; without them fault accounting alone has to do (CHP-03).
    writes.push_back({.controller = "hugetlb",
                      .file = fmt::format("hugetlb.{}.rsvd.{}", limits[i].page_size, limit_file),
                      .value = value,
                      .pointer = where,
                      .on_missing = OnMissing::skip});
    writes.push_back({.controller = "hugetlb",
                      .file = fmt::format("hugetlb.{}.{}", limits[i].page_size, limit_file),
                      .value = value,
                      .pointer = where});
  }
  return writes;
}

}  // namespace myrt::cgroups
