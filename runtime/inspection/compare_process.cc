#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "capabilities/names.h"
#include "runtime/inspection/comparison.h"
#include "runtime/inspection/exec_capabilities.h"
#include "sys/files.h"

namespace myrt::inspection {
namespace {

// ioprio_get(2). Not <linux/ioprio.h>: the one of Linux 6.1.192 (Debian 12) has a parameter that is
// called `class`, which no C++ compiler takes.
constexpr int kIoPriorityOfProcess = 1;  // IOPRIO_WHO_PROCESS

// The value of a line of /proc/PID/status: "NoNewPrivs:\t1".
std::string status_value(std::string_view status, std::string_view name) {
  const std::string label = fmt::format("\n{}:", name);
  const std::size_t at = status.find(label);
  if (at == std::string_view::npos) return {};
  std::string_view value = status.substr(at + label.size());
  value = value.substr(0, value.find('\n'));
  while (!value.empty() && (value.front() == '\t' || value.front() == ' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  return std::string(value);
}

std::vector<std::uint64_t> numbers(std::string_view text, int base = 10) {
  std::vector<std::uint64_t> values;
  while (!text.empty()) {
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (parsed.ec == std::errc()) {
      values.push_back(value);
      text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    } else {
      text.remove_prefix(1);
    }
  }
  return values;
}

// --- user and groups: the kernel shows the host's ids, the configuration has the container's

class IdMap {
 public:
  explicit IdMap(std::string_view text) : numbers_(numbers(text)) {}

  std::optional<std::uint64_t> inside(std::uint64_t outside) const {
    for (std::size_t i = 0; i + 2 < numbers_.size(); i += 3) {
      const std::uint64_t first = numbers_[i + 1];
      if (outside >= first && outside - first < numbers_[i + 2]) {
        return numbers_[i] + outside - first;
      }
    }
    return std::nullopt;
  }

  // "0", or "0 1000" where the four ids are not all one.
  std::string text(std::string_view outside) const {
    std::set<std::string> ids;
    for (const std::uint64_t id : numbers(outside)) {
      const auto mapped = inside(id);
      ids.insert(mapped ? std::to_string(*mapped) : fmt::format("host:{}", id));
    }
    return fmt::format("{}", fmt::join(ids, " "));
  }

 private:
  std::vector<std::uint64_t> numbers_;  // container id, host id, size, and again
};

// From the ids that the kernel shows us to the container's. To a process of the same user namespace
// it shows ids of that namespace, but a map to the one above.
Result<IdMap> id_map(const Original& original, std::string_view file) {
  const auto pid = std::to_string(original.found.state.pid);
  const std::string its = TRY(namespace_name(original.procfs, pid, oci::NamespaceType::user));
  if (its == TRY(namespace_name(original.procfs, "self", oci::NamespaceType::user))) {
    return IdMap("0 0 4294967295");
  }
  return IdMap(TRY(original.procfs.read(original.proc(file))));
}

Result<> compare_user(const Original& original, std::string_view status, Comparison& comparison) {
  const oci::User& user = original.process->process.user;
  const IdMap uids = TRY(id_map(original, "uid_map"));
  const IdMap gids = TRY(id_map(original, "gid_map"));
  comparison.add("process.user.uid", "/process/user/uid", std::to_string(user.uid),
                 uids.text(status_value(status, "Uid")));
  comparison.add("process.user.gid", "/process/user/gid", std::to_string(user.gid),
                 gids.text(status_value(status, "Gid")));
  const auto setgroups = original.procfs.read(original.proc("setgroups"));
  if (!setgroups.ok() || setgroups->starts_with("allow")) {
    std::set<std::string> asked;
    for (const auto gid : user.additional_gids) asked.insert(std::to_string(gid));
    comparison.add("process.user.additionalGids", "/process/user/additionalGids",
                   fmt::format("{}", fmt::join(asked, " ")),
                   gids.text(status_value(status, "Groups")));
  }
  if (user.umask) {
    comparison.add("process.user.umask", "/process/user/umask", fmt::format("{:04o}", *user.umask),
                   status_value(status, "Umask"));
  }
  return {};
}

// --- security

void compare_capabilities(const Original& original, std::string_view status,
                          Comparison& comparison) {
  const init::ProcessPlan& plan = *original.process;
  const capabilities::Plan asked =
      original.started()
          ? after_exec(plan.capabilities, plan.process.user.uid == 0 ? IsRoot::yes : IsRoot::no,
                       plan.process.no_new_privileges ? NoNewPrivileges::on : NoNewPrivileges::off)
          : before_exec(plan.capabilities, plan.extra_until_exec);
  struct Set {
    const char* name;
    const char* line;
    capabilities::Set asked;
  };
  const std::array<Set, 5> sets = {{{"bounding", "CapBnd", asked.bounding},
                                    {"effective", "CapEff", asked.effective},
                                    {"permitted", "CapPrm", asked.permitted},
                                    {"inheritable", "CapInh", asked.inheritable},
                                    {"ambient", "CapAmb", asked.ambient}}};
  for (const Set& set : sets) {
    const auto shown = numbers(status_value(status, set.line), 16);
    const std::string name = fmt::format("process.capabilities.{}", set.name);
    const std::string pointer = fmt::format("/process/capabilities/{}", set.name);
    if (shown.empty()) {
      comparison.unknown(name, pointer, capabilities::to_string(set.asked));
    } else {
      // Capabilities that are newer than myrt are none of the configuration's.
      comparison.add(name, pointer, capabilities::to_string(set.asked),
                     capabilities::to_string(shown.front() & capabilities::kAllCapabilities));
    }
  }
}

Result<> compare_seccomp(const Original& original, std::string_view status,
                         Comparison& comparison) {
  const std::string own = TRY(original.procfs.read("self/status"));
  const auto filters = [](std::string_view text) {
    const auto count = numbers(status_value(text, "Seccomp_filters"));
    return count.empty() ? std::uint64_t{0} : count.front();
  };
  const bool wants = original.process->filter.has_value() && original.started();
  const std::uint64_t asked = filters(own) + (wants ? 1 : 0);
  // A program may add filters of its own; it can never take one away.
  const std::uint64_t applied = filters(status);
  comparison.add("seccomp", "/linux/seccomp", fmt::format("{} filters", asked),
                 fmt::format("{} filters", applied),
                 applied == asked ? Match::same : Match::differs);
  comparison.add("process.noNewPrivileges", "/process/noNewPrivileges",
                 original.process->process.no_new_privileges ? "1" : "0",
                 status_value(status, "NoNewPrivs"));
  return {};
}

// "profile (enforce)\n", or the label with a NUL byte.
void compare_label(const Original& original, const char* file, const char* name,
                   const std::string& asked, Comparison& comparison) {
  if (asked.empty() || !original.started()) return;
  const std::string field = fmt::format("process.{}", name);
  const std::string pointer = fmt::format("/process/{}", name);
  const auto text = original.procfs.read(original.proc(file));
  if (!text.ok()) {
    comparison.unknown(field, pointer, asked);
    return;
  }
  const std::string_view value = *text;
  const std::size_t end = std::min(value.find_first_of(std::string_view("\n\0", 2)), value.size());
  std::string_view label = value.substr(0, end);
  if (label.ends_with(" (enforce)")) label = label.substr(0, label.size() - 10);
  comparison.add(field, pointer, asked, std::string(label));
}

// --- limits and scheduling

struct LimitLine {
  std::string_view type, line;
};
// The words of /proc/PID/limits.
constexpr auto kLimitLines = std::to_array<LimitLine>({
    {"RLIMIT_AS", "Max address space"},
    {"RLIMIT_CORE", "Max core file size"},
    {"RLIMIT_CPU", "Max cpu time"},
    {"RLIMIT_DATA", "Max data size"},
    {"RLIMIT_FSIZE", "Max file size"},
    {"RLIMIT_LOCKS", "Max file locks"},
    {"RLIMIT_MEMLOCK", "Max locked memory"},
    {"RLIMIT_MSGQUEUE", "Max msgqueue size"},
    {"RLIMIT_NICE", "Max nice priority"},
    {"RLIMIT_NOFILE", "Max open files"},
    {"RLIMIT_NPROC", "Max processes"},
    {"RLIMIT_RSS", "Max resident set"},
    {"RLIMIT_RTPRIO", "Max realtime priority"},
    {"RLIMIT_RTTIME", "Max realtime timeout"},
    {"RLIMIT_SIGPENDING", "Max pending signals"},
    {"RLIMIT_STACK", "Max stack size"},
});

std::string limit_text(std::uint64_t limit) {
  return limit == ~std::uint64_t{0} ? "unlimited" : std::to_string(limit);
}

std::string applied_limit(std::string_view limits, std::string_view type) {
  for (const LimitLine& known : kLimitLines) {
    if (known.type != type) continue;
    const std::size_t at = limits.find(known.line);
    if (at == std::string_view::npos) return {};
    std::string_view rest = limits.substr(at + known.line.size());
    rest = rest.substr(0, rest.find('\n'));
    std::vector<std::string> words;
    while (words.size() < 2) {
      const std::size_t begin = rest.find_first_not_of(' ');
      if (begin == std::string_view::npos) return {};
      rest.remove_prefix(begin);
      const std::size_t end = std::min(rest.find(' '), rest.size());
      words.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
    return words[0] + " " + words[1];
  }
  return {};
}

Result<> compare_rlimits(const Original& original, Comparison& comparison) {
  const auto& rlimits = original.process->attributes.rlimits;
  if (rlimits.empty()) return {};
  const std::string limits = TRY(original.procfs.read(original.proc("limits")));
  for (const init::RlimitSetting& rlimit : rlimits) {
    comparison.add("process.rlimits." + rlimit.type, rlimit.pointer,
                   limit_text(rlimit.soft) + " " + limit_text(rlimit.hard),
                   applied_limit(limits, rlimit.type));
  }
  return {};
}

Result<> compare_oom_score(const Original& original, Comparison& comparison) {
  if (!original.process->attributes.oom_score_adj) return {};
  std::string text = TRY(original.procfs.read(original.proc("oom_score_adj")));
  while (text.ends_with('\n')) text.pop_back();
  comparison.add("process.oomScoreAdj", "/process/oomScoreAdj",
                 std::to_string(*original.process->attributes.oom_score_adj), text);
  return {};
}

void compare_scheduling(const Original& original, Comparison& comparison) {
  const init::ProcessAttributes& attributes = original.process->attributes;
  const pid_t pid = original.found.state.pid;
  if (attributes.scheduler) {
    // Of other policies the kernel shows the time slice as the runtime, whatever was asked for.
    const auto text = [](const init::SchedulerAttributes& value) {
      std::string shown =
          fmt::format("policy {} nice {} priority {}", value.policy, value.nice, value.priority);
      if (value.policy == SCHED_DEADLINE) {
        shown += fmt::format(" runtime {} deadline {} period {}", value.runtime, value.deadline,
                             value.period);
      }
      return shown;
    };
    init::SchedulerAttributes applied;
    if (::syscall(SYS_sched_getattr, pid, &applied, sizeof applied, 0) == 0) {
      comparison.add("process.scheduler", "/process/scheduler", text(*attributes.scheduler),
                     text(applied));
    } else {
      comparison.unknown("process.scheduler", "/process/scheduler", text(*attributes.scheduler));
    }
  }
  if (attributes.io_priority) {
    const long applied = ::syscall(SYS_ioprio_get, kIoPriorityOfProcess, pid);
    comparison.add("process.ioPriority", "/process/ioPriority",
                   std::to_string(*attributes.io_priority), std::to_string(applied));
  }
}

}  // namespace

Result<> compare_process(const Original& original, Comparison& comparison) {
  if (!original.process) return {};
  const std::string status = TRY(original.procfs.read(original.proc("status")));
  TRY(compare_user(original, status, comparison));
  compare_capabilities(original, status, comparison);
  TRY(compare_seccomp(original, status, comparison));
  const oci::Process& process = original.process->process;
  compare_label(original, "attr/current", "apparmorProfile", process.apparmor_profile, comparison);
  compare_label(original, "attr/current", "selinuxLabel", process.selinux_label, comparison);
  TRY(compare_rlimits(original, comparison));
  TRY(compare_oom_score(original, comparison));
  compare_scheduling(original, comparison);
  return {};
}

}  // namespace myrt::inspection
