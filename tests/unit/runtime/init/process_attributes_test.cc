#include "runtime/init/process_attributes.h"

#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "runtime/init/attribute_names.h"
#include "runtime/init/cpu_affinity.h"
#include "tests/support/catch.h"

namespace myrt::init {
namespace {

// In C++ with extensions off `linux` is no macro, and a parameter may be called so.
std::string pointer_of_refusal(const oci::Process& process,
                               const std::optional<oci::Linux>& linux = std::nullopt) {
  const auto result = plan_attributes(process, linux);
  return result.ok() ? "accepted" : result.error().pointer;
}

ProcessAttributes planned(const oci::Process& process,
                          const std::optional<oci::Linux>& linux = std::nullopt) {
  auto result = plan_attributes(process, linux);
  REQUIRE(result.ok());
  return std::move(result).value();
}

int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

oci::Linux with_memory_policy(std::string mode, std::string nodes,
                              std::vector<std::string> flags = {}) {
  oci::Linux linux;
  linux.memory_policy = oci::MemoryPolicy{
      .mode = std::move(mode), .nodes = std::move(nodes), .flags = std::move(flags)};
  return linux;
}

TEST_CASE("a process without attributes changes nothing", "[init][PRC-12][RLM-05][USR-02]") {
  const ProcessAttributes plan = planned({});

  CHECK(plan == ProcessAttributes{});
  CHECK(to_string(plan).empty());
}

TEST_CASE("each of the 16 limits has its number", "[init][RLM-01][RLM-02]") {
  CHECK(kRlimits.size() == 16);
  for (const NamedNumber& limit : kRlimits) {
    oci::Process process;
    process.rlimits = {{.type = std::string(limit.name), .soft = 5, .hard = UINT64_MAX}};
    const ProcessAttributes plan = planned(process);
    CHECK(plan.rlimits.at(0).resource == static_cast<int>(limit.number));
    CHECK(plan.rlimits.at(0).hard == RLIM_INFINITY);
  }
}

TEST_CASE("limits that cannot be meant are refused", "[init][RLM-01][RLM-03][RLM-04]") {
  oci::Process process;
  process.rlimits = {{.type = "RLIMIT_BEER", .soft = 1, .hard = 1}};
  CHECK(pointer_of_refusal(process) == "/process/rlimits/0/type");
  process.rlimits = {{.type = "RLIMIT_CPU", .soft = 1, .hard = 1},
                     {.type = "RLIMIT_CPU", .soft = 1, .hard = 1}};
  CHECK(pointer_of_refusal(process) == "/process/rlimits/1/type");
  process.rlimits = {{.type = "RLIMIT_CPU", .soft = 2, .hard = 1}};
  CHECK(pointer_of_refusal(process) == "/process/rlimits/0/soft");
}

TEST_CASE("limits are set exactly, and a refusal names the limit and its values",
          "[init][RLM-02][RLM-04]") {
  oci::Process process;
  process.rlimits = {{.type = "RLIMIT_NOFILE", .soft = 100, .hard = 200},
                     {.type = "RLIMIT_CORE", .soft = 0, .hard = 0}};
  const ProcessAttributes plan = planned(process);
  CHECK(in_child([&] {
          if (!apply_rlimits(plan).ok()) return 1;
          rlimit now{};
          ::getrlimit(RLIMIT_NOFILE, &now);
          return now.rlim_cur == 100 && now.rlim_max == 200 ? 0 : 2;
        }) == 0);

  process.rlimits = {{.type = "RLIMIT_NOFILE", .soft = 1, .hard = UINT64_MAX - 1}};
  const auto refused = [&] { return apply_rlimits(planned(process)); }();
  REQUIRE_FALSE(refused.ok());  // above fs.nr_open: nobody may
  CHECK(refused.error().message ==
        "set RLIMIT_NOFILE to 1:18446744073709551614: operation not permitted");
  CHECK(refused.error().pointer == "/process/rlimits/0");
}

TEST_CASE("scheduler fields are for the policies that have them",
          "[init][SCH-01][SCH-02][SCH-03][SCH-04][SCH-05]") {
  const auto refusal = [](const oci::Scheduler& scheduler) {
    oci::Process process;
    process.scheduler = scheduler;
    return pointer_of_refusal(process);
  };
  CHECK(refusal({.policy = "SCHED_OTHER", .nice = -20, .flags = {}}) == "accepted");
  CHECK(refusal({.policy = "SCHED_OTHER", .nice = -21, .flags = {}}) == "/process/scheduler/nice");
  CHECK(refusal({.policy = "SCHED_OTHER", .nice = 20, .flags = {}}) == "/process/scheduler/nice");
  CHECK(refusal({.policy = "SCHED_BEST", .flags = {}}) == "/process/scheduler/policy");
  CHECK(refusal({.policy = "SCHED_BATCH", .priority = 1, .flags = {}}) ==
        "/process/scheduler/priority");
  CHECK(refusal({.policy = "SCHED_FIFO", .priority = 1, .flags = {}}) == "accepted");
  CHECK(refusal({.policy = "SCHED_FIFO", .priority = -1, .flags = {}}) ==
        "/process/scheduler/priority");
  CHECK(refusal({.policy = "SCHED_FIFO", .priority = 1, .flags = {}, .runtime = 1}) ==
        "/process/scheduler");
  CHECK(refusal({.policy = "SCHED_IDLE", .flags = {"SCHED_FLAG_RECLAIM", "SCHED_FLAG_X"}}) ==
        "/process/scheduler/flags/1");

  oci::Process process;
  process.scheduler = oci::Scheduler{.policy = "SCHED_DEADLINE",
                                     .flags = {"SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_DL_OVERRUN"},
                                     .runtime = 10,
                                     .deadline = 20,
                                     .period = 30};
  CHECK(planned(process).scheduler ==
        SchedulerAttributes{.policy = 6, .flags = 5, .runtime = 10, .deadline = 20, .period = 30});
}

TEST_CASE("a scheduling policy without privileges is applied", "[init][SCH-01][SCH-02]") {
  oci::Process process;
  process.scheduler = oci::Scheduler{.policy = "SCHED_BATCH", .nice = 19, .flags = {}};
  const ProcessAttributes plan = planned(process);
  CHECK(in_child([&] {
          if (!apply_scheduler(plan).ok()) return 1;
          if (::syscall(SYS_sched_getscheduler, 0) != 3) return 2;
          return ::getpriority(PRIO_PROCESS, 0) == 19 ? 0 : 3;
        }) == 0);

  process.scheduler = oci::Scheduler{.policy = "SCHED_ISO", .flags = {}};
  CHECK(in_child([&] {
          const auto refused = apply_scheduler(planned(process));
          return !refused.ok() && refused.error().pointer == "/process/scheduler" ? 0 : 1;
        }) == 0);
}

TEST_CASE("io priorities have a class and a level from 0 to 7", "[init][IOP-01][IOP-02][IOP-03]") {
  oci::Process process;
  process.io_priority = oci::IoPriority{.io_class = "IOPRIO_CLASS_BE", .priority = 7};
  const ProcessAttributes plan = planned(process);
  CHECK(plan.io_priority == (2 << 13 | 7));
  CHECK(in_child([&] {
          ::setpgid(0, 0);  // not the test runner's whole group
          if (!apply_io_priority(plan).ok()) return 1;
          return ::syscall(SYS_ioprio_get, 1, 0) == (2 << 13 | 7) ? 0 : 2;
        }) == 0);

  process.io_priority->priority = 8;
  CHECK(pointer_of_refusal(process) == "/process/ioPriority/priority");
  process.io_priority = oci::IoPriority{.io_class = "IOPRIO_CLASS_NONE", .priority = 0};
  CHECK(pointer_of_refusal(process) == "/process/ioPriority/class");
}

TEST_CASE("LINUX32 makes a process see a 32-bit machine", "[init][PER-01]") {
  oci::Linux linux;
  linux.personality = oci::Personality{.domain = "LINUX32"};
  const ProcessAttributes plan = planned({}, linux);
  CHECK(in_child([&] {
          if (!apply_personality(plan).ok()) return 1;
          return ::personality(0xffffffff) == PER_LINUX32 ? 0 : 2;
        }) == 0);

  linux.personality->domain = "BSD";
  CHECK(pointer_of_refusal({}, linux) == "/linux/personality/domain");
}

TEST_CASE("memory policies take their nodes and flags", "[init][MPL-01][MPL-02][MPL-03]") {
  const auto plan = planned({}, with_memory_policy("MPOL_BIND", "0-1,70", {"MPOL_F_STATIC_NODES"}));
  CHECK(plan.memory_policy->mode == (2 | 1 << 15));
  CHECK(plan.memory_policy->nodes == IndexMask{3, 1UL << 6});
  CHECK(planned({}, with_memory_policy("MPOL_DEFAULT", "")).memory_policy->nodes.empty());

  CHECK(pointer_of_refusal({}, with_memory_policy("MPOL_NEAR", "0")) == "/linux/memoryPolicy/mode");
  CHECK(pointer_of_refusal({}, with_memory_policy("MPOL_BIND", "")) == "/linux/memoryPolicy/nodes");
  CHECK(pointer_of_refusal({}, with_memory_policy("MPOL_BIND", "x")) ==
        "/linux/memoryPolicy/nodes");
  CHECK(pointer_of_refusal({}, with_memory_policy("MPOL_BIND", "0", {"MPOL_F_FAST"})) ==
        "/linux/memoryPolicy/flags/0");
  CHECK(memory_policy_modes().size() == 7);
  CHECK(memory_policy_flags().size() == 3);
}

TEST_CASE("a memory policy reaches the kernel, and one for missing nodes does not",
          "[init][MPL-01]") {
  const auto bound = planned({}, with_memory_policy("MPOL_BIND", "0"));
  const auto missing = planned({}, with_memory_policy("MPOL_BIND", "40000"));
  CHECK(in_child([&] {
          if (!apply_memory_policy(bound).ok()) return 1;
          int mode = -1;
          if (::syscall(SYS_get_mempolicy, &mode, nullptr, 0UL, nullptr, 0UL) != 0) return 2;
          if (mode != 2) return 3;
          const auto refused = apply_memory_policy(missing);
          return !refused.ok() && refused.error().pointer == "/linux/memoryPolicy" ? 0 : 4;
        }) == 0);
}

TEST_CASE("an OOM score is within the kernel's range", "[init][PRC-11]") {
  oci::Process process;
  process.oom_score_adj = 1001;
  CHECK(pointer_of_refusal(process) == "/process/oomScoreAdj");
  process.oom_score_adj = 1000;
  const ProcessAttributes plan = planned(process);
  CHECK(in_child([&] {
          const auto procfs = sys::Procfs::open();
          if (!procfs.ok() || !write_oom_score_adj(procfs.value(), plan).ok()) return 1;
          return procfs->read("self/oom_score_adj").value() == "1000\n" ? 0 : 2;
        }) == 0);
}

TEST_CASE("a plan prints what it will set", "[init]") {
  oci::Process process;
  process.rlimits = {{.type = "RLIMIT_NOFILE", .soft = 1024, .hard = 2048}};
  process.oom_score_adj = -5;
  process.user.umask = 027;
  process.io_priority = oci::IoPriority{.io_class = "IOPRIO_CLASS_IDLE", .priority = 1};

  CHECK(to_string(planned(process, with_memory_policy("MPOL_INTERLEAVE", "0,2-3"))) ==
        "rlimit: RLIMIT_NOFILE 1024:2048\noom score: -5\numask: 0027\n"
        "io priority: class 3 data 1\nmemory policy: 0x3 nodes `0,2-3`\n");
}

TEST_CASE("index lists are the kernel's", "[init][AFF-02][MPL-02]") {
  CHECK(parse_index_list("").value().empty());
  CHECK(parse_index_list("0").value() == IndexMask{1});
  CHECK(to_string(parse_index_list(" 0-3, 7,,64 ").value()) == "0-3,7,64");
  CHECK(parse_index_list("65535").value().size() == 1024);
  for (const char* bad : {"a", "1-", "-1", "3-1", "1-2-3", "65536", "0x1", "1 2", "4294967297",
                          "18446744073709551616", "+1"}) {
    INFO(bad);
    CHECK_FALSE(parse_index_list(bad).ok());
  }
}

TEST_CASE("affinity of exec'd processes is planned per moment", "[init][AFF-02][AFF-03][AFF-04]") {
  CHECK(plan_cpu_affinity(std::nullopt).value() == CpuAffinityPlan{});
  const auto plan = plan_cpu_affinity(oci::ExecCpuAffinity{.initial = "0", .final_list = ""});
  CHECK(plan.value() == CpuAffinityPlan{.initial = {1}, .final_mask = {}});
  CHECK(
      plan_cpu_affinity(oci::ExecCpuAffinity{.initial = "", .final_list = "1,b"}).error().pointer ==
      "/process/execCPUAffinity/final");

  CHECK(in_child([&] {
          // More words than the kernel has CPUs: the rest is cut off, not refused.
          IndexMask wide(1024, 0);
          wide[0] = 1;
          if (!set_cpu_affinity(0, wide).ok() || !set_cpu_affinity(0, {}).ok()) return 1;
          unsigned long now[1024] = {};
          ::syscall(SYS_sched_getaffinity, 0, sizeof now, now);
          return now[0] == 1 ? 0 : 2;
        }) == 0);
}

}  // namespace
}  // namespace myrt::init
