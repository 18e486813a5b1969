// Holder: a process that does nothing, so that a scope exists before there is a container.
#pragma once

#include "sys/process.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::cgroups::systemd {

// systemd makes a scope around processes that exist. With this one in it the cgroup is there, with
// its limits, when init is cloned straight into it (CLONE_INTO_CGROUP), as with cgroupfs. Killed
// and reaped by its owner; it ends by itself when the runtime process does.
class Holder {
 public:
  // Runtime process, single-threaded.
  static Result<Holder> start();
  pid_t pid() const { return process_.pid(); }

 private:
  Holder(sys::ChildProcess process, sys::UniqueFd lifeline)
      : process_(std::move(process)), lifeline_(std::move(lifeline)) {}
  sys::ChildProcess process_;
  sys::UniqueFd lifeline_;
};

}  // namespace myrt::cgroups::systemd
