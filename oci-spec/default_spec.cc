#include "oci-spec/documents.h"

#define JSON_NO_IO 1  // keeps iostreams and their static initialisers out of the binary
#include <nlohmann/json.hpp>

namespace myrt::oci {
namespace {

// Keeps members in the order in which they were added.
using Json = nlohmann::ordered_json;

Json default_process() {
  const Json capabilities = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
  Json json;
  json["terminal"] = true;
  json["user"] = {{"uid", 0}, {"gid", 0}};
  json["args"] = Json::array({"sh"});
  json["env"] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"};
  json["cwd"] = "/";
  for (const auto* set : {"bounding", "effective", "permitted"}) {
    json["capabilities"][set] = capabilities;
  }
  Json& rlimit = json["rlimits"].emplace_back();
  rlimit["type"] = "RLIMIT_NOFILE";
  rlimit["hard"] = 1024;
  rlimit["soft"] = 1024;
  json["noNewPrivileges"] = true;
  return json;
}

Json mount_entry(std::string_view destination, std::string_view type, std::string_view source,
                 const Json& options) {
  Json json;
  json["destination"] = destination;
  json["type"] = type;
  json["source"] = source;
  if (!options.empty()) json["options"] = options;
  return json;
}

Json default_mounts(Rootless rootless) {
  Json devpts_options = {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"};
  // With one id mapped there is no group tty to give the terminals to.
  if (rootless == Rootless::no) devpts_options.push_back("gid=5");
  Json mounts;
  mounts.push_back(mount_entry("/proc", "proc", "proc", Json::array()));
  mounts.push_back(
      mount_entry("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
  mounts.push_back(mount_entry("/dev/pts", "devpts", "devpts", devpts_options));
  mounts.push_back(mount_entry("/dev/shm", "tmpfs", "shm",
                               {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}));
  mounts.push_back(mount_entry("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
  // A new sysfs needs an own network namespace, which the rootless config does not have.
  mounts.push_back(
      rootless == Rootless::yes
          ? mount_entry("/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"})
          : mount_entry("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}));
  mounts.push_back(mount_entry("/sys/fs/cgroup", "cgroup", "cgroup",
                               {"nosuid", "noexec", "nodev", "relatime", "ro"}));
  return mounts;
}

Json default_namespaces(const DefaultSpecOptions& options) {
  const auto entry = [](const char* type) {
    Json json;
    json["type"] = type;
    return json;
  };
  Json json;
  json.push_back(entry("pid"));
  if (options.rootless == Rootless::no) json.push_back(entry("network"));
  for (const char* type : {"ipc", "uts", "mount"}) json.push_back(entry(type));
  if (options.rootless == Rootless::yes) json.push_back(entry("user"));
  if (options.cgroup_namespace) json.push_back(entry("cgroup"));
  return json;
}

Json one_id_mapping(unsigned host_id) {
  Json mapping;
  mapping["containerID"] = 0;
  mapping["hostID"] = host_id;
  mapping["size"] = 1;
  Json json;
  json.push_back(mapping);
  return json;
}

Json default_linux(const DefaultSpecOptions& options) {
  Json json;
  if (options.rootless == Rootless::yes) {
    json["uidMappings"] = one_id_mapping(options.host_uid);
    json["gidMappings"] = one_id_mapping(options.host_gid);
  } else {
    Json& rule = json["resources"]["devices"].emplace_back();
    rule["allow"] = false;
    rule["access"] = "rwm";
  }
  json["namespaces"] = default_namespaces(options);
  json["maskedPaths"] = {"/proc/acpi",
                         "/proc/asound",
                         "/proc/interrupts",
                         "/proc/kcore",
                         "/proc/keys",
                         "/proc/latency_stats",
                         "/proc/timer_list",
                         "/proc/timer_stats",
                         "/proc/sched_debug",
                         "/proc/scsi",
                         "/sys/devices/virtual/powercap",
                         "/sys/firmware"};
  json["readonlyPaths"] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                           "/proc/sysrq-trigger"};
  return json;
}

}  // namespace

std::string default_spec_json(const DefaultSpecOptions& options) {
  Json json;
  json["ociVersion"] = kVersionMax;
  json["process"] = default_process();
  json["root"] = {{"path", "rootfs"}, {"readonly", true}};
  json["hostname"] = "myrt";
  json["mounts"] = default_mounts(options.rootless);
  json["linux"] = default_linux(options);
  return json.dump(1, '\t');
}

}  // namespace myrt::oci
