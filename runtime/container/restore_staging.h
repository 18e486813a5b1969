// What a restore takes from the host, laid out where the CRIU process finds it by path: the rootfs
// and the sources of external mounts, in a mount namespace of that process alone. Nothing is
// mounted on the host, and all of it is gone with the process.
#pragma once

#include <string>
#include <vector>

#include "mounts/sources.h"
#include "runtime/container/checkpoint_document.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::container {

// Where it is laid out: a directory that the container's root may search, too, as CRIU opens mounts
// in the container's user namespace. What lies there is covered for the CRIU process only. Errors:
// unsupported.
Result<std::string> find_staging_directory();

// The document with every mount where the plan has it: at its index, or at the only other one with
// that kind and destination. The document may be anybody's; the config is the caller's. Pure.
// Errors: invalid_argument, for one that the plan does not have.
Result<CheckpointDocument> fit_document(CheckpointDocument document, const mounts::Plan& plan);

// "mnt[KEY]:PATH" for each external mount. `staging` is the absolute path of the staging directory.
// Pure.
std::vector<std::string> external_options(const CheckpointDocument& document,
                                          const std::string& staging);
std::string staged_root(const std::string& staging);

// In the runtime process: what mounts need to be mounted on, where the rootfs is a fresh one. Mount
// points inside of filesystems that CRIU fills again are left to it. Errors: system.
Result<> make_mount_points(const mounts::Plan& plan, const mounts::Sources& sources);

// In the CRIU process, in its new mount namespace: mounts a tmpfs on the staging directory and on
// it the rootfs and whatever the document needs. Takes the trees of `sources`. Errors: system.
Result<> lay_out(const CheckpointDocument& document, mounts::Sources& sources,
                 const std::string& staging);

}  // namespace myrt::container
