// Cgroup: the cgroup of a container that is being created; removed again unless kept.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cgroups/hierarchy.h"
#include "cgroups/plan.h"
#include "cgroups/systemd/holder.h"
#include "cgroups/systemd/unit.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::cgroups {

// Where a container's cgroup is: what the state file stores.
struct Location {
  Mode mode = Mode::v2;
  // controllers joined by ',' ("" = unified) -> absolute directory; empty: the container has no
  // cgroup of its own
  std::vector<std::pair<std::string, std::string>> directories;
  std::optional<systemd::UnitAddress> unit = std::nullopt;  // whose cgroup it is
  bool operator==(const Location&) const = default;
};

// The files through which a process puts itself into a cgroup v1; see join_self.
struct SelfJoin {
  SelfJoin() = default;
  SelfJoin(SelfJoin&&) = default;
  SelfJoin& operator=(SelfJoin&&) = default;
  ~SelfJoin();  // closes them together

  std::vector<sys::UniqueFd> files;
  std::vector<std::string> names;  // for errors
};

// Puts the calling process into the cgroups, which must be single-threaded. It writes "0" to the
// `tasks` file of each v1 hierarchy: the kernel takes no lock over all processes for a thread that
// moves itself, while a pid written by another process waits for an RCU grace period (5 to 10 ms
// the first time). The rights are those of the opener, so a user namespace does not matter. Runs in
// init, before unshare(CLONE_NEWCGROUP), whose root is the cgroup of that moment. A no-op on v2.
Result<> join_self(const SelfJoin& self_join);

// A directory that creating a cgroup had to make.
struct MadeDirectory {
  std::string directory;  // absolute
  bool leaf = false;      // the container's own, not a parent on the way
};

// Whether clone3 already put the process into the unified hierarchy (CLONE_INTO_CGROUP).
enum class Placed : std::uint8_t { nowhere, by_clone };

class Cgroup {
 public:
  // No cgroup (--cgroup-manager=disabled).
  Cgroup() = default;
  Cgroup(Cgroup&& other) noexcept = default;
  Cgroup& operator=(Cgroup&& other) noexcept;
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;
  // Removes what create made, children first, unless kept. Waits (bounded) for processes that have
  // just been killed.
  ~Cgroup();

  // Makes the directories, or has systemd make the unit. v2: enables the controllers on the way
  // down, each write of cgroup.subtree_control only when something is missing (it waits for an RCU
  // grace period). v1: gives a new cpuset its parent's cpus and mems. Errors: system; wrong_status
  // when the cgroup exists and is frozen or not empty (CGP-09); unsupported when a required
  // controller is missing.
  static Result<Cgroup> create(const Plan& plan);

  // The unified directory for CLONE_INTO_CGROUP; -1 when there is none (pure v1).
  int clone_fd() const;
  // v1 and hybrid: the files for join_self, to be inherited by init (close-on-exec). Empty on v2.
  Result<SelfJoin> open_self_join() const;
  // By pid from outside: for a process that cannot join by itself. Slow on v1, see join_self.
  Result<> add_process(pid_t pid, Placed placed) const;

  Result<> apply_before_join() const;
  // Limits. After the last clone of the set-up (pids.max). May run while init is at work.
  Result<> apply_after_join();
  // The device filter. Not before init has built the root, for which it makes device nodes and
  // may mount block devices; before any hook or program of the container runs.
  Result<> apply_device_rules();

  // The directories outlive this object.
  void keep() { kept_ = true; }
  Location location() const;
  // The directories of location() that create did not have to make.
  std::vector<std::string> found() const;

 private:
  struct Entry {
    std::vector<std::string> controllers;
    std::string directory;
    sys::UniqueFd fd;  // empty when nothing is written in it
  };

  static Result<> open_unit(Cgroup& cgroup);
  static Result<> open_directory(Cgroup& cgroup, const Directory& directory);
  Result<> apply(const Writes& writes) const;
  bool has_device_program() const;
  Result<> load_device_program();
  void remove_made();

  Plan plan_;
  std::optional<systemd::Holder> holder_;  // in the scope, until the container is
  std::vector<Entry> entries_;
  std::string denied_;               // why a rootless container has no cgroup
  std::vector<MadeDirectory> made_;  // parents first
  sys::UniqueFd device_program_;     // v2: loaded, maybe attached
  bool kept_ = false;
};

}  // namespace myrt::cgroups
