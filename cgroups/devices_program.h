// Device rules -> the eBPF program (v2) or the list of exceptions (v1) that enforces them. Pure.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cgroups/write.h"
#include "oci-spec/spec_linux.h"
#include "sys/result.h"

namespace myrt::cgroups {

// Per letter of the access, the last rule that matches decides; no rule: denied. An access to a
// node needs all its letters. Type 'a' means b and c; an absent major or minor is any.
// Errors: invalid_config for a bad type, letter or negative number (pointer = `pointer`/index).
Result<std::vector<bpf_insn>> devices_program(const std::vector<oci::DeviceCgroupRule>& rules,
                                              const std::string& pointer);

// The same for v1 as writes to devices.deny and devices.allow: everything is denied (or allowed)
// first, and only what the rules come to is written, without entries that a wider one covers. The
// v1 kernel knows no hole in a wildcard: such rules are Error{unsupported}.
Result<Writes> devices_writes(const std::vector<oci::DeviceCgroupRule>& rules,
                              const std::string& pointer, OnDenied on_denied);

}  // namespace myrt::cgroups
