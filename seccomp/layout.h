// Lays the rules of a profile out over the system call numbers of each architecture. Pure.
#pragma once

#include <deque>
#include <vector>

#include "seccomp/assemble.h"
#include "seccomp/profile.h"

namespace myrt::seccomp {

// Sections whose segments point into `profile` and into `multiplexed`.
struct Layout {
  std::vector<Section> sections;
  std::deque<Rule> multiplexed;  // rules rewritten for socketcall and ipc
};

// What x86_64 programs get for x32 calls when x32 is not listed, and other architectures for
// everything: as libseccomp's, the thread dies.
inline constexpr std::uint32_t kForeignResult = 0;  // SECCOMP_RET_KILL_THREAD

// Where rules of one system call contradict each other, an unconditional one wins, and otherwise
// the one that comes first in the config; libseccomp and so the peers do the same.
Layout lay_out(const Profile& profile);

}  // namespace myrt::seccomp
