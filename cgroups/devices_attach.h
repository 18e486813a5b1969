// The eBPF device filter of a cgroup v2: loading and attaching.
#pragma once

#include <linux/bpf.h>

#include <vector>

#include "cgroups/write.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::cgroups {

// Both run in the runtime process, and with OnDenied::skip an EPERM is no error (CDV-05).

// The verifier's work, without effect on any cgroup. The fd is empty when that was denied.
Result<sys::UniqueFd> load_devices_program(const std::vector<bpf_insn>& program,
                                           OnDenied on_denied);
// Attaches a loaded program to the cgroup (BPF_F_ALLOW_MULTI: with those of other owners, all must
// agree). Attached programs of the same name are ours from before: the first is replaced in one
// step (BPF_F_REPLACE), so there is no moment without a filter, and foreign ones are left alone.
// A cgroup that was made a moment ago has none, and is not asked.
enum class CgroupAge : std::uint8_t { new_made, reused };
Result<> attach_devices_program(int cgroup_fd, int program_fd, CgroupAge age, OnDenied on_denied);

}  // namespace myrt::cgroups
