// What a config asks for in namespaces and in what lives inside them, decided before any syscall.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "namespaces/namespace_type.h"
#include "oci-spec/spec.h"
#include "sys/result.h"

namespace myrt::namespaces {

// A namespace that exists already and is entered by its path (NSP-04).
struct Join {
  oci::NamespaceType type = oci::NamespaceType::pid;
  std::string path;     // absolute, in the runtime's mount namespace
  std::string pointer;  // of the path in config.json
  // JSON pointer of a field (a sysctl, the hostname, a device) that must not reach the host's own
  // namespace: open_joins refuses a path that leads there. Empty: any namespace will do.
  std::string private_for;
  bool operator==(const Join&) const = default;
};

struct Sysctl {
  std::string key;   // as in config.json
  std::string path;  // below /proc/sys, with slashes
  std::string value;
  bool operator==(const Sysctl&) const = default;
};

// Values only. Every namespace that is in neither `new_flags` nor a join is the runtime's own
// (NSP-06).
struct Plan {
  std::uint64_t new_flags = 0;     // CLONE_NEW* of every namespace made for the container
  std::uint64_t joined_flags = 0;  // CLONE_NEW* of every namespace joined by path
  // new_flags without CLONE_NEWCGROUP and CLONE_NEWTIME: what the clone3(2) of init makes. Those
  // two are made by init itself (enter.h): the first when it is in its cgroup (NSP-10), the second
  // because offsets can only be written before anything lives in it (TIM-01). In a user namespace
  // of the container's the same goes for CLONE_NEWIPC: the root of its mqueue filesystem belongs to
  // whoever makes it, who has to have a mapped id by then.
  std::uint64_t clone_flags = 0;

  std::optional<Join> joined_user;
  std::optional<Join> joined_pid;  // works on children only (NSP-08)
  std::vector<Join> joins;         // the others, in the order of setns(2); mount comes last

  std::vector<oci::IdMapping> uid_mappings, gid_mappings;  // only with a new user namespace
  std::map<std::string, oci::TimeOffset> time_offsets;     // only with a new time namespace
  std::string hostname, domainname;                        // empty: left alone
  std::vector<Sysctl> sysctls;
  std::map<std::string, oci::NetDevice> net_devices;  // by host name
  bool keep_groups = false;  // the supplementary groups of the caller stay (see Groups)
  bool loopback = false;     // a new network namespace gets `lo` up (NSP-12)

  bool is_new(oci::NamespaceType type) const { return (new_flags & clone_flag(type)) != 0; }
  bool joins_existing(oci::NamespaceType type) const {
    return (joined_flags & clone_flag(type)) != 0;
  }
  // Not the runtime's own, as far as the config tells.
  bool is_private(oci::NamespaceType type) const { return is_new(type) || joins_existing(type); }

  // The runtime process must not clone init itself but through an intermediate process, which calls
  // enter_in_helper() and then clone3(CLONE_PARENT | clone_flags). True when
  // - a user namespace is joined: what clone3 makes must belong to it, or
  // - a user namespace is made and others are joined: from inside the new one init may not enter
  //   namespaces that belong to its parent.
  bool needs_helper() const {
    return joined_user.has_value() || (is_new(oci::NamespaceType::user) && !joins.empty());
  }

  bool operator==(const Plan&) const = default;
};

// Pure. Errors: invalid_config with the pointer of the offending field, for
// - uid or gid mappings without a user namespace (IDS-02), a new one without mappings (IDS-01).
//   Mappings beside a user namespace *path* are legal and not written: the namespace has its own,
//   and containerd, CRI-O and podman pass both;
// - a hostname or domainname without a private uts namespace (HST-01, HST-02);
// - time offsets without a new time namespace (TIM-03), or nanoseconds of a second or more;
// - sysctls that are not namespaced, whose namespace is the runtime's, or that clash with
//   `hostname` or `domainname` (SYS-02);
// - network devices without a private network namespace or with an impossible name (NET-03), or two
//   of them with one name (NET-04);
// - the same type of namespace twice (NSP-07).
Result<Plan> plan(const oci::Spec& spec);

// CLONE_NEW* of the namespaces that differ from the runtime's: what `exec` joins (join_container).
std::uint64_t joinable_flags(const Plan& plan);

// Stable text, one fact per line, for debug logs and golden files.
std::string to_string(const Plan& plan);

}  // namespace myrt::namespaces
