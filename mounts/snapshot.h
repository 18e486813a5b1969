// The mounts that make a snapshot a root filesystem, in mount(8)'s words as containerd's
// snapshotters give them: planned, and made as detached mounts.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mounts/plan.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::mounts {

struct SnapshotMount {
  std::string type, source;
  std::vector<std::string> options;
};

// For overlayfs, `parameters` has one `lowerdir+=DIRECTORY` for each layer, the highest first.
using SnapshotPlan = std::variant<BindMount, NewFilesystem>;

// Pure. Errors: unsupported, by name, for words that are neither the filesystem's nor those of a
// mount: `loop`, `remount`, id mappings.
Result<SnapshotPlan> plan_snapshot(const SnapshotMount& mount);

// Makes the mount detached and returns it. What only mount(2) can say, a value of more than 255
// bytes, or many layers before Linux 6.8, is mounted at the host path `target` instead, and the fd
// is empty; for many layers this changes the working directory. Errors: system, and the kernel's
// own words where it has any.
Result<sys::UniqueFd> make_snapshot(const SnapshotPlan& plan, const std::string& target);

// mount(2)'s data of an overlay with what all its lower directories have in common cut off: it is
// one page at most. `base` is where to stand then; "": the data fits as it is. Pure.
struct OverlayData {
  std::string base, data;
  bool operator==(const OverlayData&) const = default;
};
OverlayData overlay_data(const std::vector<std::string>& parameters);

}  // namespace myrt::mounts
