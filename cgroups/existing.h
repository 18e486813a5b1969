// Operations on the cgroup of a container that exists, by its Location: for pause, kill, ps, exec,
// update, delete.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cgroups/cgroup.h"
#include "oci-spec/spec.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::cgroups {

// Returns when every process is frozen / thawed. Errors: system; timeout (10 s; the cgroup is
// thawed again); unsupported when neither cgroup v2 nor the v1 freezer has the container.
Result<> freeze(const Location& location);
// A cgroup that is gone is not frozen.
Result<> thaw(const Location& location);
// False also when the cgroup is gone or cannot freeze.
Result<bool> is_frozen(const Location& location);
// The same, and also when cgroup v2 has been told to freeze and is not through with it.
Result<bool> is_freezing(const Location& location);

// Sends `signal` to every process, sub-cgroups included. SIGKILL uses cgroup.kill where there is
// one; otherwise the cgroup is frozen so that no fork escapes, and thawed at the end. A cgroup that
// is gone has no processes.
Result<> kill_all(const Location& location, int signal);
// Pids of all processes as this process's pid namespace sees them, sub-cgroups included, ascending.
// Empty when the cgroup is gone.
Result<std::vector<pid_t>> processes(const Location& location);

// Removes the container's directories if there is neither a process nor a cgroup in any of them.
// False: some are left, for kill_all and remove to deal with.
bool remove_empty(const Location& location);
// Removes the container's directories and everything below them; its parents stay. Waits up to
// `bound` for processes that are dying, then Error{timeout} that names the pids left. Not an error
// when the cgroup is gone. A unit is stopped also without a cgroup: whoever asked systemd for it
// may have been killed before it was made, and it would stay for good.
Result<> remove(const Location& location,
                std::chrono::milliseconds bound = std::chrono::seconds(10));
// The same for what has been made, but the directories in `found` stay, and what is below them goes
// (OPS-19). A unit without a cgroup has ended.
Result<> remove_made(const Location& location, const std::vector<std::string>& found,
                     std::chrono::milliseconds bound = std::chrono::seconds(10));

// A place below the container's cgroup. The kernel resolves it beneath (RESOLVE_BENEATH), so that
// ".." and symlinks out are refused (the `exec --cgroup` escapes of runc and crun). A leading "/"
// is the container's cgroup. `controllers` empty: in every hierarchy; else only in those that have
// one of them, and the process joins the container's cgroup itself in the others. Errors: not_found
// for a missing sub-cgroup, invalid_argument for an escape, or a controller that is not there.
struct SubCgroup {
  std::vector<std::string> controllers;
  std::string path;
};
// The unified directory for CLONE_INTO_CGROUP; an empty fd on pure v1 or without a cgroup.
Result<sys::UniqueFd> clone_fd(const Location& location, const std::vector<SubCgroup>& subs = {});
Result<SelfJoin> open_self_join(const Location& location, const std::vector<SubCgroup>& subs = {});
Result<> add_process(const Location& location, pid_t pid, Placed placed,
                     const std::vector<SubCgroup>& subs = {});

// Changes limits. Zero and absent leave a limit as it is and `devices` is ignored (contract §0.16).
// Errors: as plan(); wrong_status when memory.checkBeforeUpdate refuses; system. `warnings` come
// back as the value.
Result<std::vector<std::string>> update(const Location& location, const oci::Resources& resources);
// The document without the zeros that mean "leave as is". Pure.
oci::Resources without_zeros(const oci::Resources& resources);

}  // namespace myrt::cgroups
