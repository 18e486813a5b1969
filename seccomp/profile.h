// linux.seccomp with its words resolved and its rules checked. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "oci-spec/spec_linux.h"
#include "seccomp/architecture.h"
#include "seccomp/assemble.h"
#include "sys/result.h"

namespace myrt::seccomp {

// One entry of linux.seccomp.syscalls. `rules` is empty when the entry only repeats the default
// action (SEC-16): its names are known to the profile (SEC-18) all the same.
struct ProfileEntry {
  std::vector<std::string> names;
  std::vector<Rule> rules;
};

struct Profile {
  std::uint32_t default_result = 0;         // SECCOMP_RET_* with its data
  bool newer_calls_get_enosys = false;      // SEC-18
  std::vector<Architecture> architectures;  // the native one first
  std::vector<ProfileEntry> entries;
  unsigned flags = 0;  // SECCOMP_FILTER_FLAG_*
  bool notifies = false;
};

// Errors: see compile().
Result<Profile> read_profile(const oci::Seccomp& seccomp);

}  // namespace myrt::seccomp
