#include <string_view>

#include "cgroups/resource_values.h"
#include "cgroups/v1/resources.h"

namespace myrt::cgroups::v1 {
namespace {

// CFQ had blkio.weight and blkio.leaf_weight; since 5.0 only BFQ has a weight, under its own name.
Write weight_write(std::string value, std::string pointer) {
  return {.controller = "blkio",
          .file = "blkio.weight",
          .value = value,
          .pointer = std::move(pointer),
          .alternative = Alternative{.file = "blkio.bfq.weight", .value = std::move(value)}};
}

Write device_weight_write(std::string value, std::string pointer) {
  return {.controller = "blkio",
          .file = "blkio.weight_device",
          .value = value,
          .pointer = std::move(pointer),
          .alternative = Alternative{.file = "blkio.bfq.weight_device", .value = std::move(value)}};
}

void add_throttles(Writes& writes, const std::vector<oci::ThrottleDevice>& devices,
                   const char* file, const char* field, const std::string& pointer) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const oci::ThrottleDevice& device = devices[i];
    writes.push_back(
        {.controller = "blkio",
         .file = file,
         .value = fmt::format("{} {}", device_numbers(device.major, device.minor), device.rate),
         .pointer = fmt::format("{}/{}/{}", pointer, field, i)});
  }
}

}  // namespace

Result<Writes> blkio_writes(const oci::BlockIoResources& block_io, const std::string& pointer) {
  Writes writes;
  if (block_io.weight.value_or(0) != 0) {
    writes.push_back(weight_write(fmt::to_string(*block_io.weight), pointer + "/weight"));
  }
  if (block_io.leaf_weight.value_or(0) != 0) {
    writes.push_back({.controller = "blkio",
                      .file = "blkio.leaf_weight",
                      .value = fmt::to_string(*block_io.leaf_weight),
                      .pointer = pointer + "/leafWeight"});
  }
  for (std::size_t i = 0; i < block_io.weight_device.size(); ++i) {
    const oci::WeightDevice& device = block_io.weight_device[i];
    const std::string where = fmt::format("{}/weightDevice/{}", pointer, i);
    TRY(check_weight_device(device, where));
    const std::string numbers = device_numbers(device.major, device.minor);
    if (device.weight.value_or(0) != 0) {
      writes.push_back(
          device_weight_write(fmt::format("{} {}", numbers, *device.weight), where + "/weight"));
    }
    if (device.leaf_weight.value_or(0) != 0) {
      writes.push_back({.controller = "blkio",
                        .file = "blkio.leaf_weight_device",
                        .value = fmt::format("{} {}", numbers, *device.leaf_weight),
                        .pointer = where + "/leafWeight"});
    }
  }
  add_throttles(writes, block_io.throttle_read_bps_device, "blkio.throttle.read_bps_device",
                "throttleReadBpsDevice", pointer);
  add_throttles(writes, block_io.throttle_write_bps_device, "blkio.throttle.write_bps_device",
                "throttleWriteBpsDevice", pointer);
  add_throttles(writes, block_io.throttle_read_iops_device, "blkio.throttle.read_iops_device",
                "throttleReadIOPSDevice", pointer);
  add_throttles(writes, block_io.throttle_write_iops_device, "blkio.throttle.write_iops_device",
                "throttleWriteIOPSDevice", pointer);
  return writes;
}

}  // namespace myrt::cgroups::v1
