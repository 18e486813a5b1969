#include <string_view>

#include "cgroups/resource_values.h"
#include "cgroups/v2/resources.h"

namespace myrt::cgroups::v2 {

Result<Writes> unified_writes(const oci::Resources& resources, const std::string& pointer) {
  Writes writes;
  for (const auto& entry : resources.unified) {
    const std::string& file = entry.first;
    const std::string& value = entry.second;
    const std::string where = fmt::format("{}/unified/{}", pointer, pointer_token(file));
    const std::size_t dot = file.find('.');
    if (file.find('/') != std::string::npos || dot == 0 || dot == std::string::npos ||
        !is_plain_word(file)) {
      return config_error(where, "expected a file name such as `memory.high`");
    }
    std::string controller = file.substr(0, dot);
    if (controller == "cgroup") controller.clear();
    const auto add = [&](std::string_view line) {
      writes.push_back(
          {.controller = controller, .file = file, .value = std::string(line), .pointer = where});
    };
    // A write of no bytes does nothing, so a list (cpuset.cpus) is emptied by an empty line.
    if (value.empty()) add("\n");
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      if (end != 0) add(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  return writes;
}

}  // namespace myrt::cgroups::v2
