#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "oci-spec/problem_text.h"
#include "oci-spec/rule_report.h"
#include "oci-spec/rule_syntax.h"

namespace myrt::oci {
namespace {

constexpr std::array<std::string_view, 16> kRlimitTypes = {  // getrlimit(2), RLM-01
    "RLIMIT_AS",     "RLIMIT_CORE",   "RLIMIT_CPU",        "RLIMIT_DATA",
    "RLIMIT_FSIZE",  "RLIMIT_LOCKS",  "RLIMIT_MEMLOCK",    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",   "RLIMIT_NOFILE", "RLIMIT_NPROC",      "RLIMIT_RSS",
    "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK"};

constexpr std::array<std::string_view, 7> kSchedulerPolicies = {  // SCH-01
    "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR",      "SCHED_BATCH",
    "SCHED_ISO",   "SCHED_IDLE", "SCHED_DEADLINE"};

constexpr std::array<std::string_view, 7> kSchedulerFlags = {  // SCH-04
    "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",     "SCHED_FLAG_DL_OVERRUN",
    "SCHED_FLAG_KEEP_POLICY",   "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN",
    "SCHED_FLAG_UTIL_CLAMP_MAX"};

constexpr std::array<std::string_view, 3> kIoPriorityClasses = {  // IOP-01
    "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"};

// The largest NR_CPUS of any kernel is 8192.
constexpr unsigned kMaxCpu = 8191;

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// setresuid(2) and fchown(2) take -1 for "leave as it is", so it must never get that far.
void check_id(std::uint32_t id, const std::string& pointer, RuleReport& report) {
  constexpr std::uint32_t kNoId = 4294967295U;
  if (id == kNoId) report.broken(pointer, expected_integer(0, kNoId - 1, std::to_string(id)));
}

void check_user(const User& user, const std::string& base, RuleReport& report) {
  check_id(user.uid, base + "/uid", report);
  check_id(user.gid, base + "/gid", report);
  for (std::size_t i = 0; i < user.additional_gids.size(); ++i) {
    check_id(user.additional_gids[i], fmt::format("{}/additionalGids/{}", base, i), report);
  }
}

void check_rlimits(const std::vector<Rlimit>& rlimits, const std::string& base,
                   RuleReport& report) {
  for (std::size_t i = 0; i < rlimits.size(); ++i) {
    const Rlimit& rlimit = rlimits[i];
    if (!contains(kRlimitTypes, rlimit.type)) {
      report.broken(fmt::format("{}/{}/type", base, i),
                    "unknown resource limit " + quoted(rlimit.type));
      continue;
    }
    const auto is_same_type = [&](const Rlimit& other) { return other.type == rlimit.type; };
    const auto end = rlimits.begin() + static_cast<std::ptrdiff_t>(i);
    const auto earlier = std::find_if(rlimits.begin(), end, is_same_type);
    if (earlier != end) {  // RLM-03
      const auto other = fmt::format("{}/{}/type", base, earlier - rlimits.begin());
      report.broken(fmt::format("{}/{}/type", base, i),
                    fmt::format("{} is given twice", quoted(rlimit.type)), {other});
    }
    if (rlimit.soft > rlimit.hard) {  // RLM-04, setrlimit(2)
      report.broken(
          fmt::format("{}/{}/soft", base, i),
          fmt::format("the soft limit {} is above the hard limit {}", rlimit.soft, rlimit.hard),
          {fmt::format("{}/{}", base, i)});
    }
  }
}

void check_scheduler(const Scheduler& scheduler, const std::string& base, RuleReport& report) {
  const std::string policy_pointer = base + "/policy";
  if (!contains(kSchedulerPolicies, scheduler.policy)) {
    report.broken(policy_pointer, "unknown scheduling policy " + quoted(scheduler.policy));
    return;
  }
  if (scheduler.nice < -20 || scheduler.nice > 19) {  // SCH-02
    report.broken(base + "/nice", expected_integer(-20, 19, std::to_string(scheduler.nice)));
  }
  const bool is_realtime = scheduler.policy == "SCHED_FIFO" || scheduler.policy == "SCHED_RR";
  if (is_realtime && (scheduler.priority < 1 || scheduler.priority > 99)) {  // sched(7)
    report.broken(base + "/priority", expected_integer(1, 99, std::to_string(scheduler.priority)),
                  {policy_pointer});
  } else if (!is_realtime && scheduler.priority != 0) {  // SCH-03
    report.broken(base + "/priority", "is for SCHED_FIFO and SCHED_RR only", {policy_pointer});
  }
  for (std::size_t i = 0; i < scheduler.flags.size(); ++i) {
    if (!contains(kSchedulerFlags, scheduler.flags[i])) {
      report.broken(fmt::format("{}/flags/{}", base, i),
                    "unknown scheduling flag " + quoted(scheduler.flags[i]));
    }
  }
  if (scheduler.policy == "SCHED_DEADLINE") return;
  const auto check_deadline_only = [&](std::uint64_t value, std::string_view name) {  // SCH-05
    if (value != 0) {
      report.broken(fmt::format("{}/{}", base, name), "is for SCHED_DEADLINE only",
                    {policy_pointer});
    }
  };
  check_deadline_only(scheduler.runtime, "runtime");
  check_deadline_only(scheduler.deadline, "deadline");
  check_deadline_only(scheduler.period, "period");
}

void check_io_priority(const IoPriority& priority, const std::string& base, RuleReport& report) {
  if (!contains(kIoPriorityClasses, priority.io_class)) {
    report.broken(base + "/class", "unknown I/O priority class " + quoted(priority.io_class));
  }
  if (priority.priority < 0 || priority.priority > 7) {  // IOP-02
    report.broken(base + "/priority", expected_integer(0, 7, std::to_string(priority.priority)));
  }
}

void check_cpu_list(const std::string& list, const std::string& pointer, RuleReport& report) {
  if (list.empty() || is_number_list(list, kMaxCpu)) return;
  report.broken(pointer,
                fmt::format("expected a list of CPUs up to {}, got {}", kMaxCpu, quoted(list)));
}

}  // namespace

void check_process(const Process& process, const std::string& base, RuleReport& report) {
  check_user(process.user, base + "/user", report);
  if (process.args.empty()) {
    report.broken(base + "/args", "is required, with at least one entry");  // PRC-08
  }
  if (!is_absolute(process.cwd)) {
    report.broken(base + "/cwd", expected_absolute_path(process.cwd));  // PRC-04
  }
  check_rlimits(process.rlimits, base + "/rlimits", report);
  const int score = process.oom_score_adj.value_or(0);
  if (score < -1000 || score > 1000) {  // proc_pid_oom_score_adj(5)
    report.broken(base + "/oomScoreAdj", expected_integer(-1000, 1000, std::to_string(score)));
  }
  if (process.scheduler) check_scheduler(*process.scheduler, base + "/scheduler", report);
  if (process.io_priority) check_io_priority(*process.io_priority, base + "/ioPriority", report);
  if (process.exec_cpu_affinity) {  // AFF-02, AFF-03
    const std::string affinity = base + "/execCPUAffinity";
    check_cpu_list(process.exec_cpu_affinity->initial, affinity + "/initial", report);
    check_cpu_list(process.exec_cpu_affinity->final_list, affinity + "/final", report);
  }
}

}  // namespace myrt::oci
