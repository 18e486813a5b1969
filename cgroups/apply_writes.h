// Carrying out a list of writes on the directories of one cgroup.
#pragma once

#include <string>
#include <vector>

#include "cgroups/hierarchy.h"
#include "cgroups/write.h"
#include "sys/result.h"

namespace myrt::cgroups {

// A directory that is open. Borrows the fd.
struct Target {
  std::vector<std::string> controllers;  // empty: unified
  int directory_fd = -1;
};

// In order; neighbours marked interdependent are retried among each other on EINVAL. Errors: system
// with the setting's pointer; unsupported when the controller or the file is not there. The words
// of ENOENT are avoided: engines take them for a missing executable.
Result<> apply_writes(const Writes& writes, Mode mode, const std::vector<Target>& targets);

}  // namespace myrt::cgroups
