// A device rule of the config, checked and in numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "oci-spec/spec_linux.h"
#include "sys/result.h"

namespace myrt::cgroups {

// Bits as in BPF_DEVCG_ACC_*.
inline constexpr std::uint32_t kAccessMknod = 1;
inline constexpr std::uint32_t kAccessRead = 2;
inline constexpr std::uint32_t kAccessWrite = 4;
inline constexpr std::uint32_t kAccessAll = 7;

struct DeviceRule {
  bool allow = false;
  char type = 'a';                            // a, b, c
  std::optional<std::uint32_t> major, minor;  // absent: any
  std::uint32_t access = kAccessAll;

  bool covers_everything() const { return type == 'a' && !major && !minor && access == kAccessAll; }
};

// Engines also write "any" as -1. Errors: invalid_config at `pointer` (CDV-04).
Result<DeviceRule> check_device_rule(const oci::DeviceCgroupRule& rule, const std::string& pointer);

}  // namespace myrt::cgroups
