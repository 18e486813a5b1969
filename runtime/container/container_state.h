// What a container's state directory remembers: plain values and their JSON form
// (docs/state-format.md).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cgroups/cgroup.h"
#include "mounts/hot.h"
#include "runtime/myrt.h"
#include "sys/phases.h"
#include "sys/result.h"

namespace myrt::container {

// Where the container is in resctrl, relative to its root.
struct RdtClass {
  std::string clos;           // "" is the root class
  std::string monitor_group;  // "" where it is not monitored apart from its class
  bool operator==(const RdtClass&) const = default;
};

// Everything that a later command needs and cannot ask the kernel. The status is not here: it is
// derived (runtime/container/status.h).
struct ContainerState {
  std::string id;
  pid_t pid = 0;  // of init, in the runtime's pid namespace; 0 until init exists
  std::uint64_t start_time_ticks =
      0;                // of init: tells it from a later process with the same pid (STA-12)
  std::string bundle;   // absolute
  std::string rootfs;   // absolute
  std::string created;  // RFC3339Nano
  std::map<std::string, std::string> annotations;
  CgroupManager cgroup_manager =
      CgroupManager::cgroupfs;  // delete and update come without the flag (contract §1.1)
  cgroups::Location cgroup;
  std::vector<std::string> found_cgroups;  // of these directories, what was there before (OPS-19)
  // Not on disk: where the container was made, when a caller has moved it since (contract §1.8).
  std::optional<cgroups::Location> former_cgroup;
  // Not on disk: false where the creation died before the cgroups were the container's own. Then
  // they are only planned, and may be another's (runtime/container/state_store.h).
  bool claimed = true;
  std::uint64_t namespaces =
      0;                    // CLONE_NEW* of those that differ from the runtime's: what exec joins
  bool own_pids = true;     // false: SIGKILL has to reach more than init (NSP-11)
  bool new_keyring = true;  // false: --no-new-keyring, for exec as well
  bool has_process = true;  // start refuses without one (OPS-12)
  bool poststart_hooks = false, poststop_hooks = false;  // saves the parse of a config without
  bool pivoted = true;                                   // false: exec has to chroot (--no-pivot)
  std::vector<std::string>
      host_mounts;  // made in the runtime's own mount namespace, to be undone by delete
  std::vector<std::string> resctrl_groups;   // made by us, to be removed by delete; planned while
                                             // there is no pid
  std::string pid_file;                      // absolute; empty: nobody has asked for one
  std::vector<sys::PhaseTime> phases;        // of the creation, in their order; for `metrics`
  std::optional<RdtClass> rdt_class;         // nullopt: the config has no intelRdt
  std::vector<mounts::HotMount> hot_mounts;  // what `mounts add` has added, for `mounts remove`
};

inline constexpr int kFormatVersion = 1;
// How every runtime of this version ends the file: what ends like this ends where it should. Quotes
// would be escaped within a text.
inline constexpr std::string_view kLastMember = R"(,"version":1})";

std::string to_json(const ContainerState& state);
// Adds what is known last to a text of to_json. Pure.
void add_phases(std::string& json, const std::vector<sys::PhaseTime>& phases);
// glance: id, pid, start time, created, bundle, rootfs, annotations and cgroup; metrics: these and
// the phases. The others are as they are in a ContainerState that nobody has filled. Reading stops
// where these end.
enum class Extent : std::uint8_t { all, glance, metrics };
// Errors: internal when the text is damaged; unsupported for another version.
Result<ContainerState> from_json(std::string_view json, Extent extent = Extent::all);

std::string_view to_string(CgroupManager manager);
// Whether it can be handed to the kernel as such: `delete` removes what paths of a state name.
bool is_absolute_path(std::string_view path);

// The view that Guardian reads and rewrites (contract §1.8): a document that decodes as
// libcontainer's State.
std::string to_libcontainer_json(const ContainerState& state);
// The unified cgroup that such a document names. nullopt when it names none: it is another
// program's file, and nothing that it lacks may keep a container from being deleted.
std::optional<std::string> unified_cgroup_of_view(std::string_view libcontainer_json);

// The OCI state of the container, as hooks and agents get it.
oci::State oci_state(const ContainerState& state, oci::Status status, pid_t pid);
inline oci::State stopped_state(const ContainerState& state) {
  return oci_state(state, oci::Status::stopped, 0);
}

// Now, as RFC3339 with nanoseconds in UTC.
std::string timestamp_now();

}  // namespace myrt::container
