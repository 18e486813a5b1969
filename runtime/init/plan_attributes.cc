// The pure half of process_attributes.h.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/init/attribute_names.h"
#include "runtime/init/process_attributes.h"

namespace myrt::init {
namespace {

constexpr int kLowestNice = -20, kHighestNice = 19;
constexpr int kHighestIoPriority = 7;
constexpr int kIoPriorityClassShift = 13;
constexpr int kLowestOomScore = -1000, kHighestOomScore = 1000;
constexpr std::uint64_t kPolicyFifo = 1, kPolicyRr = 2, kPolicyDeadline = 6;

template <class Table>
Result<std::uint64_t> number_of(const Table& table, const std::string& name,
                                const std::string& pointer) {
  if (const NamedNumber* found = find_name(table, name); found != nullptr) return found->number;
  return config_error(pointer, fmt::format("unknown value `{}`", name));
}

// The numbers of all names, or-ed.
template <class Table>
Result<std::uint64_t> flags_of(const Table& table, const std::vector<std::string>& names,
                               const std::string& pointer) {
  std::uint64_t flags = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    flags |= TRY(number_of(table, names[i], fmt::format("{}/{}", pointer, i)));
  }
  return flags;
}

Result<std::vector<RlimitSetting>> plan_rlimits(const std::vector<oci::Rlimit>& rlimits) {
  std::vector<RlimitSetting> settings;
  for (std::size_t i = 0; i < rlimits.size(); ++i) {
    const oci::Rlimit& rlimit = rlimits[i];
    const std::string pointer = fmt::format("/process/rlimits/{}", i);
    const auto resource =
        static_cast<int>(TRY(number_of(kRlimits, rlimit.type, pointer + "/type")));
    if (std::ranges::find(settings, resource, &RlimitSetting::resource) != settings.end()) {
      return config_error(pointer + "/type", fmt::format("`{}` is given twice", rlimit.type));
    }
    if (rlimit.soft > rlimit.hard) {
      return config_error(pointer + "/soft", fmt::format("`{}` is above the hard limit `{}`",
                                                         rlimit.soft, rlimit.hard));
    }
    settings.push_back({.type = rlimit.type,
                        .resource = resource,
                        .soft = rlimit.soft,
                        .hard = rlimit.hard,
                        .pointer = pointer});
  }
  return settings;
}

Result<SchedulerAttributes> plan_scheduler(const oci::Scheduler& scheduler) {
  const std::string pointer = "/process/scheduler";
  const std::uint64_t policy =
      TRY(number_of(kSchedulerPolicies, scheduler.policy, pointer + "/policy"));
  if (scheduler.nice < kLowestNice || scheduler.nice > kHighestNice) {
    return config_error(pointer + "/nice",
                        fmt::format("`{}` is not within -20 and 19", scheduler.nice));
  }
  const bool has_priority = policy == kPolicyFifo || policy == kPolicyRr;
  if (scheduler.priority != 0 && !has_priority) {
    return config_error(pointer + "/priority", "is for SCHED_FIFO and SCHED_RR only");
  }
  if (scheduler.priority < 0) {
    return config_error(pointer + "/priority", fmt::format("`{}` is negative", scheduler.priority));
  }
  const bool has_times = scheduler.runtime != 0 || scheduler.deadline != 0 || scheduler.period != 0;
  if (has_times && policy != kPolicyDeadline) {
    return config_error(pointer, "runtime, deadline and period are for SCHED_DEADLINE only");
  }
  SchedulerAttributes attributes;
  attributes.policy = static_cast<std::uint32_t>(policy);
  attributes.flags = TRY(flags_of(kSchedulerFlags, scheduler.flags, pointer + "/flags"));
  attributes.nice = scheduler.nice;
  attributes.priority = static_cast<std::uint32_t>(scheduler.priority);
  attributes.runtime = scheduler.runtime;
  attributes.deadline = scheduler.deadline;
  attributes.period = scheduler.period;
  return attributes;
}

Result<int> plan_io_priority(const oci::IoPriority& io_priority) {
  const std::string pointer = "/process/ioPriority";
  const auto io_class = static_cast<int>(
      TRY(number_of(kIoPriorityClasses, io_priority.io_class, pointer + "/class")));
  if (io_priority.priority < 0 || io_priority.priority > kHighestIoPriority) {
    return config_error(pointer + "/priority",
                        fmt::format("`{}` is not within 0 and 7", io_priority.priority));
  }
  return io_class << kIoPriorityClassShift | io_priority.priority;
}

Result<MemoryPolicySetting> plan_memory_policy(const oci::MemoryPolicy& policy) {
  const std::string pointer = "/linux/memoryPolicy";
  const std::uint64_t mode = TRY(number_of(kMemoryPolicyModes, policy.mode, pointer + "/mode"));
  const std::uint64_t flags = TRY(flags_of(kMemoryPolicyFlags, policy.flags, pointer + "/flags"));
  Result<IndexMask> nodes = parse_index_list(policy.nodes);
  if (!nodes.ok()) return config_error(pointer + "/nodes", nodes.error().message);
  const bool needs_none = policy.mode == "MPOL_DEFAULT" || policy.mode == "MPOL_LOCAL" ||
                          policy.mode == "MPOL_PREFERRED";
  if (nodes->empty() && !needs_none) {
    return config_error(pointer + "/nodes",
                        fmt::format("`{}` needs at least one node", policy.mode));
  }
  return MemoryPolicySetting{.mode = static_cast<int>(mode | flags),
                             .nodes = std::move(nodes).value()};
}

}  // namespace

std::vector<std::string> memory_policy_modes() { return table_names(kMemoryPolicyModes); }
std::vector<std::string> memory_policy_flags() { return table_names(kMemoryPolicyFlags); }

Result<ProcessAttributes> plan_attributes(const oci::Process& process,
                                          const std::optional<oci::Linux>& linux) {
  ProcessAttributes plan;
  plan.rlimits = TRY(plan_rlimits(process.rlimits));
  if (process.oom_score_adj) {
    const int score = *process.oom_score_adj;
    if (score < kLowestOomScore || score > kHighestOomScore) {
      return config_error("/process/oomScoreAdj",
                          fmt::format("`{}` is not within -1000 and 1000", score));
    }
    plan.oom_score_adj = score;
  }
  if (process.user.umask) plan.umask = static_cast<mode_t>(*process.user.umask);
  if (process.scheduler) plan.scheduler = TRY(plan_scheduler(*process.scheduler));
  if (process.io_priority) plan.io_priority = TRY(plan_io_priority(*process.io_priority));
  if (linux && linux->personality) {
    plan.personality =
        TRY(number_of(kPersonalities, linux->personality->domain, "/linux/personality/domain"));
  }
  if (linux && linux->memory_policy) {
    plan.memory_policy = TRY(plan_memory_policy(*linux->memory_policy));
  }
  return plan;
}

std::string to_string(const ProcessAttributes& attributes) {
  std::string text;
  for (const RlimitSetting& rlimit : attributes.rlimits) {
    text += fmt::format("rlimit: {} {}:{}\n", rlimit.type, rlimit.soft, rlimit.hard);
  }
  if (attributes.oom_score_adj) text += fmt::format("oom score: {}\n", *attributes.oom_score_adj);
  if (attributes.umask) text += fmt::format("umask: {:04o}\n", *attributes.umask);
  if (attributes.scheduler) {
    const SchedulerAttributes& scheduler = *attributes.scheduler;
    text += fmt::format(
        "scheduler: policy {} flags {:#x} nice {} priority {} runtime {} "
        "deadline {} period {}\n",
        scheduler.policy, scheduler.flags, scheduler.nice, scheduler.priority, scheduler.runtime,
        scheduler.deadline, scheduler.period);
  }
  if (attributes.io_priority) {
    text += fmt::format("io priority: class {} data {}\n",
                        *attributes.io_priority >> kIoPriorityClassShift,
                        *attributes.io_priority & ((1 << kIoPriorityClassShift) - 1));
  }
  if (attributes.personality) text += fmt::format("personality: {:#x}\n", *attributes.personality);
  if (attributes.memory_policy) {
    text += fmt::format("memory policy: {:#x} nodes `{}`\n", attributes.memory_policy->mode,
                        to_string(attributes.memory_policy->nodes));
  }
  return text;
}

}  // namespace myrt::init
