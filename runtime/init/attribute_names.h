// The words of process attributes in config.json and their numbers in the kernel.
#pragma once

#include <sys/resource.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace myrt::init {

// Numbers are spelled out where Debian 12's headers are older than the name.
struct NamedNumber {
  std::string_view name;
  std::uint64_t number;
};

// getrlimit(2)
inline constexpr std::array kRlimits = {
    NamedNumber{"RLIMIT_AS", RLIMIT_AS},
    NamedNumber{"RLIMIT_CORE", RLIMIT_CORE},
    NamedNumber{"RLIMIT_CPU", RLIMIT_CPU},
    NamedNumber{"RLIMIT_DATA", RLIMIT_DATA},
    NamedNumber{"RLIMIT_FSIZE", RLIMIT_FSIZE},
    NamedNumber{"RLIMIT_LOCKS", RLIMIT_LOCKS},
    NamedNumber{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    NamedNumber{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    NamedNumber{"RLIMIT_NICE", RLIMIT_NICE},
    NamedNumber{"RLIMIT_NOFILE", RLIMIT_NOFILE},
    NamedNumber{"RLIMIT_NPROC", RLIMIT_NPROC},
    NamedNumber{"RLIMIT_RSS", RLIMIT_RSS},
    NamedNumber{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    NamedNumber{"RLIMIT_RTTIME", RLIMIT_RTTIME},
    NamedNumber{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    NamedNumber{"RLIMIT_STACK", RLIMIT_STACK},
};

// sched(7), include/uapi/linux/sched.h. SCHED_ISO is reserved there: the kernel refuses it.
inline constexpr std::array kSchedulerPolicies = {
    NamedNumber{"SCHED_OTHER", 0},    NamedNumber{"SCHED_FIFO", 1}, NamedNumber{"SCHED_RR", 2},
    NamedNumber{"SCHED_BATCH", 3},    NamedNumber{"SCHED_ISO", 4},  NamedNumber{"SCHED_IDLE", 5},
    NamedNumber{"SCHED_DEADLINE", 6},
};
inline constexpr std::array kSchedulerFlags = {
    NamedNumber{"SCHED_FLAG_RESET_ON_FORK", 0x01},  NamedNumber{"SCHED_FLAG_RECLAIM", 0x02},
    NamedNumber{"SCHED_FLAG_DL_OVERRUN", 0x04},     NamedNumber{"SCHED_FLAG_KEEP_POLICY", 0x08},
    NamedNumber{"SCHED_FLAG_KEEP_PARAMS", 0x10},    NamedNumber{"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    NamedNumber{"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
};

// ioprio_set(2)
inline constexpr std::array kIoPriorityClasses = {
    NamedNumber{"IOPRIO_CLASS_RT", 1},
    NamedNumber{"IOPRIO_CLASS_BE", 2},
    NamedNumber{"IOPRIO_CLASS_IDLE", 3},
};

// personality(2)
inline constexpr std::array kPersonalities = {
    NamedNumber{"LINUX", 0x0000},
    NamedNumber{"LINUX32", 0x0008},
};

// set_mempolicy(2), include/uapi/linux/mempolicy.h
inline constexpr std::array kMemoryPolicyModes = {
    NamedNumber{"MPOL_DEFAULT", 0},
    NamedNumber{"MPOL_PREFERRED", 1},
    NamedNumber{"MPOL_BIND", 2},
    NamedNumber{"MPOL_INTERLEAVE", 3},
    NamedNumber{"MPOL_LOCAL", 4},
    NamedNumber{"MPOL_PREFERRED_MANY", 5},
    NamedNumber{"MPOL_WEIGHTED_INTERLEAVE", 6},
};
inline constexpr std::array kMemoryPolicyFlags = {
    NamedNumber{"MPOL_F_NUMA_BALANCING", 1U << 13U},
    NamedNumber{"MPOL_F_RELATIVE_NODES", 1U << 14U},
    NamedNumber{"MPOL_F_STATIC_NODES", 1U << 15U},
};

// nullptr when `name` is not in the table.
template <class Table>
const NamedNumber* find_name(const Table& table, std::string_view name) {
  for (const NamedNumber& entry : table) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

template <class Table>
std::vector<std::string> table_names(const Table& table) {
  std::vector<std::string> names;
  names.reserve(std::size(table));
  for (const NamedNumber& entry : table) names.emplace_back(entry.name);
  return names;
}

}  // namespace myrt::init
