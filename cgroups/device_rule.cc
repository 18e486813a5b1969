#include "cgroups/device_rule.h"

#include <limits>

namespace myrt::cgroups {
namespace {

Result<std::optional<std::uint32_t>> check_number(const std::optional<std::int64_t>& number,
                                                  const std::string& pointer) {
  if (!number || *number == -1) return std::optional<std::uint32_t>();
  if (*number < 0 || *number > std::numeric_limits<std::uint32_t>::max()) {
    return config_error(pointer, fmt::format("`{}` is no device number", *number));
  }
  return std::optional(static_cast<std::uint32_t>(*number));
}

// In a rule that denies, `a` is all of them, as runc lets it pass; in one that allows it would give
// more than the letters of the specification can say.
Result<std::uint32_t> check_access(const oci::DeviceCgroupRule& rule, const std::string& pointer) {
  const std::string& access = rule.access;
  if (access.empty()) return kAccessAll;
  const auto unknown = [&] {
    return config_error(pointer, fmt::format("expected letters of `rwm`, got `{}`", access));
  };
  std::uint32_t bits = 0;
  for (const char letter : access) {
    switch (letter) {
      case 'a':
        if (rule.allow) return unknown();
        bits = kAccessAll;
        break;
      case 'r':
        bits |= kAccessRead;
        break;
      case 'w':
        bits |= kAccessWrite;
        break;
      case 'm':
        bits |= kAccessMknod;
        break;
      default:
        return unknown();
    }
  }
  return bits;
}

}  // namespace

Result<DeviceRule> check_device_rule(const oci::DeviceCgroupRule& rule,
                                     const std::string& pointer) {
  if (rule.type != 'a' && rule.type != 'b' && rule.type != 'c') {
    return config_error(pointer + "/type", fmt::format("expected a, b or c, got `{}`", rule.type));
  }
  DeviceRule checked;
  checked.allow = rule.allow;
  checked.type = rule.type;
  checked.major = TRY(check_number(rule.major, pointer + "/major"));
  checked.minor = TRY(check_number(rule.minor, pointer + "/minor"));
  checked.access = TRY(check_access(rule, pointer + "/access"));
  return checked;
}

}  // namespace myrt::cgroups
