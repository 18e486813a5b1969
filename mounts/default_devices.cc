#include <array>

#include "mounts/plan_steps.h"
#include "sys/paths.h"

namespace myrt::mounts {
namespace {

struct DefaultDevice {
  std::string_view path;
  unsigned major, minor;
};

// config-linux.md, "Default Devices"; /dev/console and /dev/ptmx are not nodes.
constexpr std::array<DefaultDevice, 6> kDefaultDevices = {{{"/dev/null", 1, 3},
                                                           {"/dev/zero", 1, 5},
                                                           {"/dev/full", 1, 7},
                                                           {"/dev/random", 1, 8},
                                                           {"/dev/urandom", 1, 9},
                                                           {"/dev/tty", 5, 0}}};
constexpr std::uint32_t kPermissionBits = 07777;
constexpr std::int64_t kMaxMajor = (1 << 12) - 1;  // MINORBITS is 20 in the kernel's dev_t
constexpr std::int64_t kMaxMinor = (1 << 20) - 1;

Result<DeviceNode> configured_device(const oci::Device& device, const std::string& pointer) {
  DeviceNode node;
  node.pointer = pointer;
  node.path = sys::clean_absolute(device.path);
  if (device.path.empty() || node.path == "/") {
    return config_error(pointer + "/path", fmt::format("`{}` names no file", device.path));
  }
  node.type = device.type == 'u' ? 'c' : device.type;
  if (node.type != 'c' && node.type != 'b' && node.type != 'p') {
    return config_error(pointer + "/type", fmt::format("unknown device type `{}`", device.type));
  }
  // The numbers of a fifo mean nothing (DEV-05).
  if (node.type != 'p') {
    if (device.major < 0 || device.major > kMaxMajor) {
      return config_error(pointer + "/major", fmt::format("`{}` is out of range", device.major));
    }
    if (device.minor < 0 || device.minor > kMaxMinor) {
      return config_error(pointer + "/minor", fmt::format("`{}` is out of range", device.minor));
    }
    node.major = static_cast<unsigned>(device.major);
    node.minor = static_cast<unsigned>(device.minor);
  }
  // Callers pass a whole st_mode (DEV-06).
  node.mode = device.file_mode.value_or(0666) & kPermissionBits;
  node.uid = device.uid.value_or(0);
  node.gid = device.gid.value_or(0);
  return node;
}

}  // namespace

Result<std::vector<DeviceNode>> device_nodes(const oci::Spec& spec) {
  std::vector<DeviceNode> configured;
  if (spec.linux) {
    for (std::size_t i = 0; i < spec.linux->devices.size(); ++i) {
      configured.push_back(
          TRY(configured_device(spec.linux->devices[i], fmt::format("/linux/devices/{}", i))));
    }
  }
  std::vector<DeviceNode> nodes;
  for (const DefaultDevice& known : kDefaultDevices) {
    bool replaced = false;
    for (const DeviceNode& node : configured) replaced = replaced || node.path == known.path;
    if (replaced) continue;
    DeviceNode node;
    node.path = known.path;
    node.major = known.major;
    node.minor = known.minor;
    nodes.push_back(std::move(node));
  }
  for (DeviceNode& node : configured) nodes.push_back(std::move(node));
  return nodes;
}

}  // namespace myrt::mounts
