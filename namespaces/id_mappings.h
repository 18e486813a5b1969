// The uid and gid maps of a new user namespace (user_namespaces(7), "User and group ID mappings").
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "namespaces/plan.h"
#include "oci-spec/spec_linux.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::namespaces {

// The text for uid_map or gid_map: "CONTAINER HOST SIZE\n" for each entry. Pure.
std::string id_map_text(const std::vector<oci::IdMapping>& mappings);

// The mapping is one id and that id is `host_id`: all that the kernel lets an unprivileged process
// map. Pure.
bool maps_only(const std::vector<oci::IdMapping>& mappings, std::uint32_t host_id);

// argv of newuidmap(1) and newgidmap(1). Pure.
std::vector<std::string> map_program_arguments(const std::string& program, pid_t pid,
                                               const std::vector<oci::IdMapping>& mappings);

// Writes the plan's maps for `pid`, each file with one write(2) (IDS-04). Runtime process, after
// clone3 and before `proceed`; does nothing without a new user namespace. `pid` must still be
// dumpable when the runtime is not root (enter.h).
// When the kernel refuses an unprivileged caller:
// - its own gid alone is mapped after writing "deny" to setgroups (IDS-05; CVE-2014-8989: a process
//   could otherwise drop a group that denies it access);
// - anything else goes through /usr/bin/newuidmap and /usr/bin/newgidmap, run with an empty
//   environment, stdin and stdout on /dev/null, and what they print in the error.
// Errors: system with the pointer /linux/uidMappings or /linux/gidMappings.
Result<> write_id_mappings(const sys::Procfs& procfs, pid_t pid, const Plan& plan);

}  // namespace myrt::namespaces
