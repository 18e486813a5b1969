// What a container's cgroup will be: its place in every hierarchy and the writes that set its
// limits. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cgroups/hierarchy.h"
#include "cgroups/systemd/properties.h"
#include "cgroups/systemd/unit.h"
#include "cgroups/write.h"
#include "oci-spec/spec.h"
#include "sys/result.h"

namespace myrt::cgroups {

// `yes`: without the right to make a cgroup the container runs in the runtime's own, as long as the
// config sets no limit.
enum class Rootless : std::uint8_t { no, yes };
// In a user namespace the kernel does not let the runtime filter devices, and guards them itself
// (CDV-05).
enum class UserNamespace : std::uint8_t { initial, nested };

// The systemd that is to make the container's cgroup, as a unit of its own.
struct SystemdHost {
  std::string bus;            // address of the bus that it is on
  std::string root;           // its own cgroup, below which are its units: "" for the system's
  std::string default_slice;  // "system.slice"
};

struct Inputs {
  std::string container_id;
  Rootless rootless = Rootless::no;
  UserNamespace user_namespace = UserNamespace::initial;  // of the runtime process
  std::optional<SystemdHost> systemd = std::nullopt;      // absent: cgroupfs
};

struct Directory {
  std::vector<std::string> controllers;  // empty: unified
  std::string mount_point;
  std::string path;  // below the mount point: "/a/b"
  bool operator==(const Directory&) const = default;
};

// What systemd is asked for, with one StartTransientUnit. The pids are not known yet.
struct UnitPlan {
  systemd::UnitAddress address;
  systemd::Properties properties;
  bool operator==(const UnitPlan&) const = default;
};

struct Plan {
  Mode mode = Mode::v2;
  std::optional<UnitPlan> unit;        // absent: the runtime makes the directories itself
  std::vector<Directory> directories;  // in the order of Host::hierarchies
  Writes before_join;                  // v1: cpuset and realtime, without which nothing can join
  Writes after_join;                   // all the rest; pids.max must not bind the clones
  Writes device_writes;                // v1 only: the device rules
  // v2 only: the config's device rules in their order, then the default devices.
  std::vector<oci::DeviceCgroupRule> device_rules;
  OnDenied device_filter_denied = OnDenied::error;
  std::vector<std::string> required_controllers;  // v2: those that a write needs
  Rootless rootless = Rootless::no;
  std::vector<std::string> warnings;  // settings that have no effect anywhere any more
  bool operator==(const Plan&) const = default;
};

// The device filter is there also when the config has no rule: default deny, then the default
// devices (as runc; fail closed). Without `resources` no limit is changed (CGP-07).
// An absent cgroupsPath is the container id, and a relative one (CGP-02) is below the runtime's own
// cgroup (v1) or that one's parent (v2, where a cgroup with processes cannot have children with
// controllers). With systemd it names a unit (cgroups/systemd/unit.h), on v2 alone.
// Errors: invalid_config or unsupported, with the pointer of the setting.
Result<Plan> plan(const oci::Spec& spec, const Host& host, const Inputs& inputs);
std::string to_string(const Plan& plan);

// The writes of a resources document. `pointer` is where the document is in config.json
// ("/linux/resources").
struct ResourceWrites {
  Writes before_join, after_join;
  std::vector<std::string> warnings;
  bool operator==(const ResourceWrites&) const = default;
};
Result<ResourceWrites> v1_writes(const oci::Resources& resources, const std::string& pointer);
Result<ResourceWrites> v2_writes(const oci::Resources& resources, const std::string& pointer);

// The devices that every container may use, whatever the config says (CDV-02): mknod of anything,
// null zero full random urandom tty console ptmx pts/*, net/tun.
const std::vector<oci::DeviceCgroupRule>& default_device_rules();

}  // namespace myrt::cgroups
