// The pieces of plan(): one config entry to its steps. Internal to mounts/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mounts/plan.h"

namespace myrt::mounts {

// What an entry of `mounts` is planned from.
struct MountEntry {
  std::size_t index = 0;
  const oci::Mount& mount;
  std::string destination;  // clean
  ParsedOptions options;
  // The propagation that the sources of binds get before their own: 0 keeps the host's peer group.
  std::uint64_t base_propagation = 0;
};

std::string mount_pointer(std::size_t index);

// Of clean paths. No path is below itself.
bool is_below(std::string_view path, std::string_view directory);

// "", private, rshared, … (ROP-01).
Result<Propagation> parse_propagation(std::string_view word, std::string_view pointer);

// What happens to attributes that no option names when one names another: what mount(2) makes of a
// bind that is remounted (they are cleared), the same with locks (cleared are only those that no
// user namespace locks), or nothing.
enum class Unnamed : std::uint8_t { cleared, unlocked, kept };

// mount_setattr calls for a bind: as few as give the result. Only words of the mount itself count
// as naming an attribute, neither recursive ones nor those of a filesystem.
std::vector<AttributeChange> bind_changes(const ParsedOptions& options,
                                          std::uint64_t base_propagation, Unnamed unnamed);

// The attributes a new filesystem is mounted with: there is nothing below it, so recursive words
// are as good as plain ones.
std::uint64_t new_mount_attributes(const ParsedOptions& options);
std::vector<AttributeChange> propagation_changes(const ParsedOptions& options);

// linux.mountLabel and the mount option that carries it: "context", "fscontext" and so on.
struct MountLabel {
  std::string label, option = "context";
};

// config.md "Mounts": one entry to one or more steps, appended to plan.steps.
Result<> plan_mount(const oci::Mount& mount, std::size_t index, const Inputs& inputs,
                    const MountLabel& mount_label, std::uint64_t base_propagation, Plan& plan);

// An entry of type `cgroup` (MNT-09).
Result<std::vector<Step>> cgroup_steps(const MountEntry& entry, const Inputs& inputs);

// The default devices and linux.devices (DEV-01..11).
Result<std::vector<DeviceNode>> device_nodes(const oci::Spec& spec);

}  // namespace myrt::mounts
