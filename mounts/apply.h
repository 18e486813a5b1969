// Carries a Plan out in init, inside the new mount namespace. Every destination is resolved once,
// in the root, to an fd, and mounted upon by that fd (CVE-2021-30465).
#pragma once

#include <cstddef>
#include <functional>

#include "mounts/plan.h"
#include "mounts/root.h"
#include "mounts/sources.h"
#include "sys/result.h"

namespace myrt::mounts {

// All mounts in the listed order, then devices, the /dev symlinks and ptmx. Runs in init after
// prepare_root and before enter_root, as the root user of the container's user namespace (what it
// creates must have an owner that is mapped). Takes the trees of `sources`. Leaves fds open, all
// close-on-exec: init closes what it does not know when it is ready. Changes and restores the
// umask. Errors: system, with the pointer of the field and ``mounts[1]: mount `tmpfs` to
// `/dev`: …``.
// `map_ids` gives the detached tree of a step its id mapping (apply_id_mapping), where the source
// is inside and could not be mapped before.
using MapIds = std::function<Result<>(std::size_t step, int tree_fd)>;
Result<> apply(const Plan& plan, Sources& sources, const Root& root, const MapIds& map_ids = {});

// Binds the slave of the container's terminal on /dev/console (DEV-10). Runs in init after
// enter_root and before finish_root; `pty_slave_fd` comes from the container's own devpts, in this
// mount namespace. Refuses what is no devpts slave (CVE-2025-52565) and a /dev/console that is a
// symlink (CVE-2026-88264). Errors: system, invalid_argument, unsupported.
Result<> mount_console(const Root& root, int pty_slave_fd);

// Masked and read-only paths (MSK-01..03). Runs in init after enter_root. A path that does not
// exist is skipped. Takes Sources::null_device, and leaves fds open as apply() does. Errors:
// system, with the pointer of the field.
Result<> hide_paths(const Plan& plan, Sources& sources, const Root& root);

}  // namespace myrt::mounts
