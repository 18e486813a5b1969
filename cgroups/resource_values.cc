#include "cgroups/resource_values.h"

#include <algorithm>

namespace myrt::cgroups {

std::string max_or_number(std::int64_t limit) { return limit < 0 ? "max" : fmt::to_string(limit); }

std::string device_numbers(std::int64_t major, std::int64_t minor) {
  return fmt::format("{}:{}", major, minor);
}

Result<> check_page_size(std::string_view page_size, const std::string& pointer) {
  const std::size_t digits = page_size.find_first_not_of("0123456789");
  if (digits != std::string_view::npos && digits != 0 && page_size.front() != '0') {
    const std::string_view unit = page_size.substr(digits);
    if (unit == "KB" || unit == "MB" || unit == "GB") return {};
  }
  return config_error(
      pointer, fmt::format("expected a page size such as `2MB` or `1GB`, got `{}`", page_size));
}

Result<> check_cpu(const oci::CpuResources& cpu, const std::string& pointer) {
  if (cpu.idle && *cpu.idle != 0 && *cpu.idle != 1) {
    return config_error(pointer + "/idle", fmt::format("expected 0 or 1, got `{}`", *cpu.idle));
  }
  const std::int64_t quota = cpu.quota.value_or(0);
  if (cpu.burst && quota > 0 && *cpu.burst > static_cast<std::uint64_t>(quota)) {
    return config_error(pointer + "/burst",
                        fmt::format("`{}` is more than the quota `{}`", *cpu.burst, quota));
  }
  return {};
}

Write cpu_write(const char* file, std::string value, std::string pointer, bool interdependent) {
  return {.controller = "cpu",
          .file = file,
          .value = std::move(value),
          .pointer = std::move(pointer),
          .interdependent = interdependent};
}

Result<Writes> rdma_writes(const oci::Resources& resources, const std::string& pointer) {
  Writes writes;
  for (const auto& [device, limit] : resources.rdma) {
    const std::string where = fmt::format("{}/rdma/{}", pointer, pointer_token(device));
    if (!is_plain_word(device)) return config_error(where, "the device name is not usable");
    if (!limit.hca_handles && !limit.hca_objects) {
      return config_error(where, "expected hcaHandles or hcaObjects");
    }
    std::string line = device;
    if (limit.hca_handles) line += fmt::format(" hca_handle={}", *limit.hca_handles);
    if (limit.hca_objects) line += fmt::format(" hca_object={}", *limit.hca_objects);
    writes.push_back(
        {.controller = "rdma", .file = "rdma.max", .value = std::move(line), .pointer = where});
  }
  return writes;
}

Result<> check_weight_device(const oci::WeightDevice& device, const std::string& pointer) {
  if (device.weight || device.leaf_weight) return {};
  return config_error(pointer, "expected weight or leafWeight");
}

std::string pointer_token(std::string_view token) {
  std::string escaped;
  for (const char letter : token) {
    if (letter == '~') {
      escaped += "~0";
    } else if (letter == '/') {
      escaped += "~1";
    } else {
      escaped += letter;
    }
  }
  return escaped;
}

bool is_plain_word(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char letter) {
    return static_cast<unsigned char>(letter) > ' ' && letter != '\x7f';
  });
}

}  // namespace myrt::cgroups
