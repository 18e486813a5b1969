#include <string_view>

#include "cgroups/resource_values.h"
#include "cgroups/v2/resources.h"

namespace myrt::cgroups::v2 {
namespace {

Result<> check_weight(std::uint16_t weight, const std::string& pointer) {
  if (weight >= 10 && weight <= 1000) return {};
  return config_error(pointer, fmt::format("expected 10 to 1000, got `{}`", weight));
}

// BFQ takes the spec's range as it is; io.weight (blk-iocost) has one of its own.
Write weight_write(std::string_view key, std::uint16_t weight, std::string pointer) {
  return {
      .controller = "io",
      .file = "io.bfq.weight",
      .value = fmt::format("{} {}", key, weight),
      .pointer = std::move(pointer),
      .alternative = Alternative{.file = "io.weight",
                                 .value = fmt::format("{} {}", key, io_weight_of_weight(weight))}};
}

void add_throttles(Writes& writes, const std::vector<oci::ThrottleDevice>& devices, const char* key,
                   const char* field, const std::string& pointer) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const oci::ThrottleDevice& device = devices[i];
    // v1's 0 lifts a limit; v2 calls that "max" and refuses 0.
    writes.push_back(
        {.controller = "io",
         .file = "io.max",
         .value = fmt::format("{} {}={}", device_numbers(device.major, device.minor), key,
                              device.rate == 0 ? "max" : fmt::to_string(device.rate)),
         .pointer = fmt::format("{}/{}/{}", pointer, field, i)});
  }
}

}  // namespace

std::uint64_t io_weight_of_weight(std::uint16_t weight) {
  return 1 + (static_cast<std::uint64_t>(weight) - 10) * 9999 / 990;
}

Result<Writes> io_writes(const oci::BlockIoResources& block_io, const std::string& pointer) {
  Writes writes;
  if (block_io.leaf_weight.value_or(0) != 0) {
    return config_error(pointer + "/leafWeight", "cgroup v2 has no leaf weight");
  }
  if (block_io.weight.value_or(0) != 0) {
    TRY(check_weight(*block_io.weight, pointer + "/weight"));
    writes.push_back(weight_write("default", *block_io.weight, pointer + "/weight"));
  }
  for (std::size_t i = 0; i < block_io.weight_device.size(); ++i) {
    const oci::WeightDevice& device = block_io.weight_device[i];
    const std::string where = fmt::format("{}/weightDevice/{}", pointer, i);
    TRY(check_weight_device(device, where));
    if (device.leaf_weight.value_or(0) != 0) {
      return config_error(where + "/leafWeight", "cgroup v2 has no leaf weight");
    }
    if (device.weight.value_or(0) == 0) continue;
    TRY(check_weight(*device.weight, where + "/weight"));
    writes.push_back(weight_write(device_numbers(device.major, device.minor), *device.weight,
                                  where + "/weight"));
  }
  add_throttles(writes, block_io.throttle_read_bps_device, "rbps", "throttleReadBpsDevice",
                pointer);
  add_throttles(writes, block_io.throttle_write_bps_device, "wbps", "throttleWriteBpsDevice",
                pointer);
  add_throttles(writes, block_io.throttle_read_iops_device, "riops", "throttleReadIOPSDevice",
                pointer);
  add_throttles(writes, block_io.throttle_write_iops_device, "wiops", "throttleWriteIOPSDevice",
                pointer);
  return writes;
}

}  // namespace myrt::cgroups::v2
