#include "oci-spec/parse_sections.h"

namespace myrt::oci {

// NOLINTBEGIN(misc-use-anonymous-namespace): argument-dependent lookup has to find read_members.
static void read_members(const JsonValue& json, ConsoleSize& size) {
  constexpr IntegerRange kWinsize = {0, 65535};  // struct winsize has 16 bits, ioctl_tty(2)
  json.required_in("height", size.height, kWinsize);
  json.required_in("width", size.width, kWinsize);
}

static void read_members(const JsonValue& json, User& user) {
  json.optional("uid", user.uid);
  json.optional("gid", user.gid);
  json.optional("umask", user.umask);
  json.optional("additionalGids", user.additional_gids);
}

static void read_members(const JsonValue& json, LinuxCapabilities& capabilities) {
  json.optional("bounding", capabilities.bounding);
  json.optional("effective", capabilities.effective);
  json.optional("inheritable", capabilities.inheritable);
  json.optional("permitted", capabilities.permitted);
  json.optional("ambient", capabilities.ambient);
}

static void read_members(const JsonValue& json, Rlimit& rlimit) {
  json.required("type", rlimit.type);
  json.required("soft", rlimit.soft);
  json.required("hard", rlimit.hard);
}

static void read_members(const JsonValue& json, Scheduler& scheduler) {
  json.required("policy", scheduler.policy);
  json.optional("nice", scheduler.nice);
  json.optional("priority", scheduler.priority);
  json.optional("flags", scheduler.flags);
  json.optional("runtime", scheduler.runtime);
  json.optional("deadline", scheduler.deadline);
  json.optional("period", scheduler.period);
}

static void read_members(const JsonValue& json, IoPriority& priority) {
  json.required("class", priority.io_class);
  // The idle class has no levels (ioprio_set(2)); the text requires one, the schema does not.
  if (priority.io_class == "IOPRIO_CLASS_IDLE") {
    json.optional("priority", priority.priority);
  } else {
    json.required("priority", priority.priority);
  }
}

static void read_members(const JsonValue& json, ExecCpuAffinity& affinity) {
  json.optional("initial", affinity.initial);
  json.optional("final", affinity.final_list);
}
// NOLINTEND(misc-use-anonymous-namespace)

void read_members(const JsonValue& json, Process& process) {
  json.optional("terminal", process.terminal);
  // "Runtimes MUST ignore consoleSize if terminal is false or unset": even an invalid one (PRC-03).
  if (process.terminal) json.optional("consoleSize", process.console_size);
  json.optional("user", process.user);
  json.optional("args", process.args);
  json.optional("env", process.env);
  json.required("cwd", process.cwd);
  json.optional("capabilities", process.capabilities);
  json.optional("rlimits", process.rlimits);
  json.optional("noNewPrivileges", process.no_new_privileges);
  json.optional("apparmorProfile", process.apparmor_profile);
  json.optional("selinuxLabel", process.selinux_label);
  json.optional("oomScoreAdj", process.oom_score_adj);
  json.optional("scheduler", process.scheduler);
  json.optional("ioPriority", process.io_priority);
  json.optional("execCPUAffinity", process.exec_cpu_affinity);
}

}  // namespace myrt::oci
