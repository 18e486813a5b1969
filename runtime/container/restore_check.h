// Whether a restored container has the mounts of its config, before any of its processes runs.
//
// CRIU makes them as the images say, and images may be anybody's: what the config hides, makes
// read-only or does not give must be so (CVE-2026-119101).
#pragma once

#include <sys/types.h>

#include "runtime/container/checkpoint_document.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::container {

// In the runtime process, while CRIU holds the processes; `pid` is init's. Errors: unsupported,
// with what is not as the config has it.
Result<> check_restored_mounts(const sys::Procfs& procfs, pid_t pid, const mounts::Plan& plan,
                               const CheckpointDocument& document);

// The host's mounts in it are exactly those of the document, with the attributes of the plan. Pure.
Result<> compare_mounts(const std::vector<ExternalMount>& external, const mounts::Plan& plan,
                        const CheckpointDocument& document);

}  // namespace myrt::container
