// mount_setattr(2) for planned changes. Internal to mounts/.
#pragma once

#include <span>

#include "mounts/plan.h"
#include "sys/result.h"

namespace myrt::mounts {

// Makes the changes in order on the mount `mount_fd`. In a user namespace the attributes of a mount
// that came from outside are locked (mount_namespaces(7)): what may not be cleared stays set
// (MNT-08). What is to be set is set, or it is an error.
Result<> change_attributes(int mount_fd, std::span<const AttributeChange> changes);

// Refuses changes of what `mount_fd`, the source of a bind, has locked (SourceLocks); to be called
// before any of them is made. The names are for the error. Errors: system, EPERM, in the words that
// callers know of runc.
Result<> check_locks(int mount_fd, std::span<const AttributeChange> changes,
                     std::string_view source, std::string_view destination);

// MS_* of mount(2) for MOUNT_ATTR_*.
unsigned long mount_flags_of(std::uint64_t attributes);

}  // namespace myrt::mounts
