// Giving a container's cgroup v2 to the container's root (config-linux.md, "Cgroup ownership").
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cgroups/hierarchy.h"
#include "oci-spec/spec.h"
#include "sys/result.h"

namespace myrt::cgroups {

// Whether the container gets its cgroup: v2, a new cgroup namespace, and a mount of source "cgroup"
// at /sys/fs/cgroup without "ro" (CGO-02 to CGO-04). Pure.
bool gives_ownership(const oci::Spec& spec, Mode mode);

// The text of /sys/kernel/cgroup/delegate as names; without it (no such file) the fallback list
// (CGO-07). Pure. Names with a "/" are dropped.
std::vector<std::string> delegated_files(const std::string* delegate_text);

// Chowns the directory and the delegated files in it to `host_uid`, the group stays. Files that
// this cgroup lacks are passed over (CGO-06). `cgroup_fd` is the unified directory. Runs in the
// runtime process.
Result<> give_ownership(int cgroup_fd, uid_t host_uid);
Result<> give_ownership(int cgroup_fd, uid_t host_uid, const std::vector<std::string>& files);

}  // namespace myrt::cgroups
