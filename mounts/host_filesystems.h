// What --no-pivot leaves of the host in the container's mount namespace and must not.
#pragma once

#include "mounts/root.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::mounts {

// Runs in init before enter_root, with RootSwitch::move only. Takes the host's proc and sysfs
// mounts out of this mount namespace. pivot_root(2) does so with the whole host tree, but a moved
// root only covers it: as long as such a mount is whole somewhere, the kernel lets a user namespace
// of the container mount a bare one (mount_namespaces(7), "Restrictions on mount namespaces"),
// without what maskedPaths and readonlyPaths hide. A mount that is locked is covered instead.
// Errors: system.
Result<> remove_host_filesystems(const sys::Procfs& procfs, const Root& root);

}  // namespace myrt::mounts
