// Documents that myrt itself writes: `features` and the default config of `spec`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace myrt::oci {

inline constexpr std::string_view kVersionMin = "1.0.0";
inline constexpr std::string_view kVersionMax = "1.3.0";

// What the binary recognises, told by the modules that recognise it (features.md; FEA-04: decided
// at build time).
struct FeatureFacts {
  std::vector<std::string> mount_options, capabilities;
  std::vector<std::string> seccomp_actions, seccomp_operators, seccomp_archs, seccomp_known_flags,
      seccomp_supported_flags;
  std::vector<std::string> memory_policy_modes, memory_policy_flags;
  std::vector<std::string> unsafe_annotations;
  bool systemd_cgroup = false, intel_rdt = false, idmap = true, net_devices = true;
  bool checkpoint = false;  // whether it works is a matter of the CRIU at hand
  std::string version, commit, libseccomp_version;
};
// Indented JSON, valid against schema/features-schema.json.
std::string features_json(const FeatureFacts& facts);

// The config.json of `myrt spec` (indented by tabs or spaces as runc does). `rootless_*` are used
// with Rootless::yes only.
enum class Rootless : unsigned char { no, yes };
struct DefaultSpecOptions {
  Rootless rootless = Rootless::no;
  unsigned host_uid = 0, host_gid = 0;
  bool cgroup_namespace = false;  // runc adds one on pure cgroup v2
};
std::string default_spec_json(const DefaultSpecOptions& options);

}  // namespace myrt::oci
