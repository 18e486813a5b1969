#include "oci-spec/documents.h"

#define JSON_NO_IO 1  // keeps iostreams and their static initialisers out of the binary
#include <nlohmann/json.hpp>

namespace myrt::oci {
namespace {

// Keeps members in the order in which they were added.
using Json = nlohmann::ordered_json;

Json seccomp_features(const FeatureFacts& facts) {
  Json json;
  json["enabled"] = true;
  json["actions"] = facts.seccomp_actions;
  json["operators"] = facts.seccomp_operators;
  json["archs"] = facts.seccomp_archs;
  json["knownFlags"] = facts.seccomp_known_flags;
  json["supportedFlags"] = facts.seccomp_supported_flags;
  return json;
}

Json linux_features(const FeatureFacts& facts) {
  Json json;
  json["namespaces"] = {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"};
  json["capabilities"] = facts.capabilities;
  json["cgroup"] = {{"v1", true},
                    {"v2", true},
                    {"systemd", facts.systemd_cgroup},
                    {"systemdUser", facts.systemd_cgroup},
                    {"rdma", true}};
  json["seccomp"] = seccomp_features(facts);
  json["apparmor"]["enabled"] = true;
  json["selinux"]["enabled"] = true;
  json["intelRdt"] = {
      {"enabled", facts.intel_rdt}, {"schemata", facts.intel_rdt}, {"monitoring", facts.intel_rdt}};
  json["memoryPolicy"] = {{"modes", facts.memory_policy_modes},
                          {"flags", facts.memory_policy_flags}};
  json["mountExtensions"]["idmap"]["enabled"] = facts.idmap;
  json["netDevices"]["enabled"] = facts.net_devices;
  return json;
}

}  // namespace

std::string features_json(const FeatureFacts& facts) {
  Json json;
  json["ociVersionMin"] = kVersionMin;
  json["ociVersionMax"] = kVersionMax;
  json["hooks"] = {"prestart",       "createRuntime", "createContainer",
                   "startContainer", "poststart",     "poststop"};
  json["mountOptions"] = facts.mount_options;
  json["linux"] = linux_features(facts);
  Json& annotations = json["annotations"] = Json::object();
  if (!facts.libseccomp_version.empty()) {
    annotations["io.github.seccomp.libseccomp.version"] = facts.libseccomp_version;
  }
  // Under runc's name, which callers know.
  if (facts.checkpoint) annotations["org.opencontainers.runc.checkpoint.enabled"] = "true";
  if (!facts.commit.empty()) annotations["myrt.commit"] = facts.commit;
  if (!facts.version.empty()) annotations["myrt.version"] = facts.version;
  json["potentiallyUnsafeConfigAnnotations"] = facts.unsafe_annotations;
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace myrt::oci
