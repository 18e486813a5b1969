// Entering namespaces: those joined by path, those that only init itself can make, and a running
// container's.
//
// Order of one creation:
//   runtime   open_joins
//   runtime   [joined_pid && !needs_helper: PidNamespaceForChildren around the clone3]
//   helper    [needs_helper: enter_in_helper, then clone3(CLONE_PARENT | clone_flags)]
//   runtime   write_id_mappings (id_mappings.h), move_net_devices (net_devices.h), then `proceed`
//   init      enter; then set_hostname, set_domainname, bring_loopback_up, write_sysctls
//
// Dumpable or not: the runtime makes itself non-dumpable before it clones, and init inherits that,
// so that processes of a joined namespace never find an init to attach to (CVE-2016-9962). An
// unprivileged runtime (effective uid not 0) that makes a user namespace is the exception: uid_map,
// gid_map and timens_offsets of a non-dumpable process belong to root, so there init calls
// set_not_dumpable() right after enter().
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "namespaces/open_namespace.h"
#include "namespaces/plan.h"
#include "namespaces/time_offsets.h"
#include "sys/procfs.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::namespaces {

// The namespaces of Plan::joined_user, joined_pid and joins, open. Inherited by helper and init.
struct OpenJoins {
  sys::UniqueFd user;                 // not valid when no user namespace is joined
  sys::UniqueFd pid;                  // likewise
  std::vector<sys::UniqueFd> others;  // one for each of Plan::joins, in that order
};

// Opens every path and asks the kernel for its type (NS_GET_NSTYPE; NSP-05). Runtime process,
// before anything is cloned. Errors: invalid_config with the path's pointer for a path that is no
// namespace or one of another type, that is the runtime's own where `private_for` forbids it
// (SYS-02), or the runtime's own user namespace (setns(2) cannot join that); system for a path that
// cannot be opened, with the pointer as well.
Result<OpenJoins> open_joins(const sys::Procfs& procfs, const Plan& plan);

// For its lifetime the children of this process start in another pid namespace (setns(2) with
// CLONE_NEWPID moves children, not the caller; NSP-08). Runtime process, around one clone3.
class PidNamespaceForChildren {
 public:
  static Result<PidNamespaceForChildren> enter(const sys::Procfs& procfs, int pidns_fd);
  PidNamespaceForChildren(PidNamespaceForChildren&&) noexcept = default;
  PidNamespaceForChildren& operator=(PidNamespaceForChildren&&) = delete;
  ~PidNamespaceForChildren();

  // Goes back and says whether that worked; the destructor cannot. A caller that would go on to
  // start hooks must ask: they would run in the container's pid namespace. Errors: system.
  Result<> leave();

 private:
  explicit PidNamespaceForChildren(sys::UniqueFd own) : own_(std::move(own)) {}
  sys::UniqueFd own_;  // the runtime's pid namespace; empty once it is back
};

// Joins everything that the plan joins, pid namespace included, so that the next clone3 starts in
// all of them. Intermediate process only (Plan::needs_helper). The namespaces are entered with the
// runtime's privileges where these suffice and after joining the user namespace where they do not:
// both root with namespaces of the host and an unprivileged owner of the user namespace get in.
// User and group ids are left alone. Errors: system, with the pointer of the path.
Result<> enter_in_helper(const Plan& plan, const OpenJoins& joins);

// Everything that is left for init, in this order: joins by path (unless a helper has made them),
// the new time namespace with its offsets, the new cgroup namespace, and then ids 0 in a user
// namespace of its own. Init, after `proceed`: id maps are written, and init is in its cgroup. When
// id 0 is not mapped in the user namespace the ids stay as they are. Supplementary groups are
// dropped where setgroups(2) is allowed. Errors: system, with the pointer of a path or of the
// offsets.
Result<> enter(const sys::Procfs& procfs, const Plan& plan, const OpenJoins& joins);

// The parts of enter(), for callers that need another order.
Result<> enter_joined(const Plan& plan, const OpenJoins& joins);
Result<> enter_new_cgroup_namespace();
enum class Groups : std::uint8_t { drop, keep };
Result<> become_user_namespace_root(Groups groups);

// Enters the namespaces `flags` (see joinable_flags) of a running container's process with one
// setns(2), all or none. The pid namespace counts for children only. Runs in the process of `exec`,
// which sets its ids afterwards. Errors: system.
Result<> join_container(int pidfd, std::uint64_t flags);

}  // namespace myrt::namespaces
