// The OCI runtime-spec 1.3 config.json for Linux as plain values. Names and order are the spec's.
//
// Values only: comparable, no syscalls. std::optional means that the spec tells "absent" from
// "zero" (CFG-07); a std::vector or std::map that is absent is empty. Integers are exact (CFG-06).
// Enumerators are the spec's words.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "oci-spec/spec_linux.h"

namespace myrt::oci {

// config.md, "Root".
struct Root {
  std::string path;  // absolute, or relative to the bundle
  bool readonly = false;
  bool operator==(const Root&) const = default;
};

// config.md, "Mounts".
struct Mount {
  std::string destination;
  std::string type;
  std::string source;
  std::vector<std::string> options;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  bool operator==(const Mount&) const = default;
};

struct ConsoleSize {
  std::uint64_t height = 0;
  std::uint64_t width = 0;
  bool operator==(const ConsoleSize&) const = default;
};

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint32_t> umask;
  std::vector<std::uint32_t> additional_gids;
  bool operator==(const User&) const = default;
};

// Each set holds CAP_* names as given; unknown ones are kept here and warned about when planned
// (CAP-03).
struct LinuxCapabilities {
  std::vector<std::string> bounding, effective, inheritable, permitted, ambient;
  bool operator==(const LinuxCapabilities&) const = default;
};

struct Rlimit {
  std::string type;  // RLIMIT_*
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  bool operator==(const Rlimit&) const = default;
};

struct Scheduler {
  std::string policy;  // SCHED_*
  std::int32_t nice = 0;
  std::int32_t priority = 0;
  std::vector<std::string> flags;                       // SCHED_FLAG_*
  std::uint64_t runtime = 0, deadline = 0, period = 0;  // ns
  bool operator==(const Scheduler&) const = default;
};

struct IoPriority {
  std::string io_class;  // "class": IOPRIO_CLASS_*
  int priority = 0;
  bool operator==(const IoPriority&) const = default;
};

struct ExecCpuAffinity {
  std::string initial;
  std::string final_list;  // "final"
  bool operator==(const ExecCpuAffinity&) const = default;
};

// config.md, "Process". Also the document of `exec --process`.
struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd;
  std::optional<LinuxCapabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::string apparmor_profile;
  std::string selinux_label;
  std::optional<int> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  std::optional<ExecCpuAffinity> exec_cpu_affinity;
  bool operator==(const Process&) const = default;
};

struct Hook {
  std::string path;
  std::vector<std::string> args;
  std::optional<std::vector<std::string>> env;
  std::optional<int> timeout;  // seconds, > 0
  bool operator==(const Hook&) const = default;
};

struct Hooks {
  std::vector<Hook> prestart, create_runtime, create_container, start_container, poststart,
      poststop;
  bool operator==(const Hooks&) const = default;
};

struct Spec {
  std::string oci_version;
  std::optional<Root> root;
  std::vector<Mount> mounts;
  std::optional<Process> process;
  std::string hostname;
  std::string domainname;
  Hooks hooks;
  std::map<std::string, std::string> annotations;
  std::optional<Linux> linux;
  bool operator==(const Spec&) const = default;
};

}  // namespace myrt::oci
