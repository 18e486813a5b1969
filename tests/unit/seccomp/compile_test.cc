#include "seccomp/compile.h"

#include <sys/syscall.h>

#include <cerrno>

#include "seccomp/names.h"
#include "tests/support/catch.h"
#include "tests/unit/seccomp/profiles.h"

namespace myrt {
namespace {

using test::answer;
using test::answer_x86_64;
using test::compiled;
using test::entry;
using test::errno_result;
using test::pointer_of_refusal;
using test::profile;

constexpr std::uint32_t kX32Bit = 0x40000000;

TEST_CASE("every action becomes the kernel's word for it", "[seccomp][SEC-02][SEC-08][SEC-11]") {
  const std::vector<std::pair<std::string, std::uint32_t>> actions = {
      {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
      {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
      {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
      {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
      {"SCMP_ACT_ERRNO", errno_result(EPERM)},
      {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE | EPERM},
      {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
      {"SCMP_ACT_LOG", SECCOMP_RET_LOG},
  };
  CHECK(seccomp::action_names().size() == actions.size() + 1);  // and SCMP_ACT_NOTIFY

  for (const auto& [name, result] : actions) {
    const std::string other = name == "SCMP_ACT_ALLOW" ? "SCMP_ACT_LOG" : "SCMP_ACT_ALLOW";
    const auto as_rule = compiled(profile(other, {entry({"mkdir"}, name)}));
    const auto as_default = compiled(profile(name, {entry({"mkdir"}, other)}));
    CHECK(answer_x86_64(as_rule, SYS_mkdir) == result);
    CHECK(answer_x86_64(as_rule, SYS_mkdir + 1) != result);
    CHECK(answer_x86_64(as_default, SYS_mkdir - 1) == result);
    CHECK(answer_x86_64(as_default, SYS_mkdir) != result);
  }
}

TEST_CASE("errnoRet is the errno of ERRNO and the message of TRACE", "[seccomp][SEC-03][SEC-12]") {
  oci::Seccomp seccomp = profile(
      "SCMP_ACT_ERRNO", {entry({"mkdir"}, "SCMP_ACT_TRACE"), entry({"rmdir"}, "SCMP_ACT_ERRNO")});
  seccomp.default_errno_ret = 13;
  seccomp.syscalls[0].errno_ret = 5000;
  seccomp.syscalls[1].errno_ret = 0;

  const auto program = compiled(seccomp);

  CHECK(answer_x86_64(program, SYS_read) == errno_result(13));
  CHECK(answer_x86_64(program, SYS_mkdir) == (SECCOMP_RET_TRACE | 5000));
  CHECK(answer_x86_64(program, SYS_rmdir) == errno_result(0));
}

TEST_CASE("errnoRet is refused where it cannot have an effect", "[seccomp][SEC-03][SEC-12]") {
  oci::Seccomp allowed = profile("SCMP_ACT_ALLOW");
  allowed.default_errno_ret = 1;
  CHECK(pointer_of_refusal(allowed) == "/linux/seccomp/defaultErrnoRet");

  oci::Seccomp killed = profile("SCMP_ACT_ALLOW", {entry({"read"}, "SCMP_ACT_KILL")});
  killed.syscalls[0].errno_ret = 1;
  CHECK(pointer_of_refusal(killed) == "/linux/seccomp/syscalls/0/errnoRet");

  oci::Seccomp too_high = profile("SCMP_ACT_ALLOW", {entry({"read"}, "SCMP_ACT_ERRNO")});
  too_high.syscalls[0].errno_ret = 4096;
  CHECK(pointer_of_refusal(too_high) == "/linux/seccomp/syscalls/0/errnoRet");
}

TEST_CASE("an unknown word is refused where it stands",
          "[seccomp][SEC-04][SEC-05][SEC-07][SEC-08][SEC-09][SEC-13][SEC-15]") {
  CHECK(pointer_of_refusal(profile("SCMP_ACT_MAYBE")) == "/linux/seccomp/defaultAction");
  CHECK(pointer_of_refusal(profile("")) == "/linux/seccomp/defaultAction");
  CHECK(pointer_of_refusal(profile("SCMP_ACT_ALLOW", {entry({"read"}, "KILL")})) ==
        "/linux/seccomp/syscalls/0/action");
  CHECK(pointer_of_refusal(profile("SCMP_ACT_ALLOW", {entry({}, "SCMP_ACT_KILL")})) ==
        "/linux/seccomp/syscalls/0/names");
  CHECK(pointer_of_refusal(profile("SCMP_ACT_ALLOW", {}, {"SCMP_ARCH_X86", "SCMP_ARCH_Z80"})) ==
        "/linux/seccomp/architectures/1");

  const oci::SeccompArg seventh = {.index = 6, .value = 0, .value_two = 0, .op = "SCMP_CMP_EQ"};
  CHECK(pointer_of_refusal(
            profile("SCMP_ACT_ALLOW", {entry({"read"}, "SCMP_ACT_KILL", {seventh})})) ==
        "/linux/seccomp/syscalls/0/args/0/index");
  const oci::SeccompArg unlike = {.index = 1, .value = 0, .value_two = 0, .op = "SCMP_CMP_LIKE"};
  CHECK(
      pointer_of_refusal(profile("SCMP_ACT_ALLOW", {entry({"read"}, "SCMP_ACT_KILL", {unlike})})) ==
      "/linux/seccomp/syscalls/0/args/0/op");

  oci::Seccomp flags = profile("SCMP_ACT_ALLOW");
  flags.flags = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_NEW"};
  CHECK(pointer_of_refusal(flags) == "/linux/seccomp/flags/1");
}

TEST_CASE("an architecture that the library is too old for is unsupported, not unknown",
          "[seccomp][SEC-05]") {
  for (const char* name : {"LOONGARCH64", "M68K", "SH", "SHEB"}) {
    const std::string full = std::string("SCMP_ARCH_") + name;
    const auto known = seccomp::arch_names();
    const bool is_known = std::find(known.begin(), known.end(), full) != known.end();

    const auto program = seccomp::compile(profile("SCMP_ACT_ALLOW", {}, {full}));

    CHECK(program.ok() == is_known);
    if (!program.ok()) CHECK(program.error().code == ErrorCode::unsupported);
  }
}

TEST_CASE("absent flags mean SPEC_ALLOW, and an empty list none", "[seccomp][SEC-06][DIFF-39]") {
  oci::Seccomp seccomp = profile("SCMP_ACT_ALLOW");
  CHECK(compiled(seccomp).flags == SECCOMP_FILTER_FLAG_SPEC_ALLOW);
  seccomp.flags = std::vector<std::string>();
  CHECK(compiled(seccomp).flags == 0);
  seccomp.flags = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"};
  CHECK(compiled(seccomp).flags == (SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG));
}

TEST_CASE("a notifying profile asks for a listener and needs a place to send it",
          "[seccomp][SEC-07][NTF-02][NTF-03]") {
  oci::Seccomp seccomp = profile("SCMP_ACT_ALLOW", {entry({"mkdir"}, "SCMP_ACT_NOTIFY")});
  CHECK(pointer_of_refusal(seccomp) == "/linux/seccomp/listenerPath");

  seccomp.listener_path = "/run/agent.sock";
  seccomp.flags = {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SECCOMP_FILTER_FLAG_TSYNC"};
  const auto program = compiled(seccomp);
  CHECK(program.notifies);
  CHECK(program.flags ==
        (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER |
         SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH));
  CHECK(answer_x86_64(program, SYS_mkdir) == SECCOMP_RET_USER_NOTIF);

  CHECK(pointer_of_refusal(profile("SCMP_ACT_NOTIFY")) == "/linux/seccomp/defaultAction");
  oci::Seccomp not_notifying = profile("SCMP_ACT_ALLOW");
  not_notifying.flags = {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  CHECK(pointer_of_refusal(not_notifying) == "/linux/seccomp/flags/0");
  oci::Seccomp metadata_only = profile("SCMP_ACT_ALLOW");
  metadata_only.listener_metadata = "x";
  CHECK(pointer_of_refusal(metadata_only) == "/linux/seccomp/listenerMetadata");
  metadata_only.listener_path = "/run/agent.sock";  // ignored without a notifying rule (NTF-01)
  CHECK_FALSE(compiled(metadata_only).notifies);
}

TEST_CASE("a notifying profile must let the listener be handed over", "[seccomp][NTF-02]") {
  oci::Seccomp on_sendmsg =
      profile("SCMP_ACT_ALLOW", {entry({"mkdir", "sendmsg"}, "SCMP_ACT_NOTIFY")});
  on_sendmsg.listener_path = "/run/agent.sock";
  CHECK(pointer_of_refusal(on_sendmsg) == "/linux/seccomp/syscalls");

  oci::Seccomp not_allowed = profile("SCMP_ACT_ERRNO", {entry({"mkdir"}, "SCMP_ACT_NOTIFY")});
  not_allowed.listener_path = "/run/agent.sock";
  CHECK(pointer_of_refusal(not_allowed) == "/linux/seccomp/syscalls");
  not_allowed.syscalls.push_back(entry({"sendmsg"}, "SCMP_ACT_ALLOW"));
  CHECK(compiled(not_allowed).notifies);
}

TEST_CASE("system call names that no kernel has are skipped", "[seccomp][SEC-10]") {
  const auto program =
      compiled(profile("SCMP_ACT_ALLOW", {entry({"frobnicate", "mkdir"}, "SCMP_ACT_ERRNO")}));

  CHECK(answer_x86_64(program, SYS_mkdir) == errno_result(EPERM));
}

TEST_CASE("an entry with the default action changes nothing", "[seccomp][SEC-16]") {
  const auto plain = compiled(profile("SCMP_ACT_ALLOW"));
  const auto repeating = compiled(profile("SCMP_ACT_ALLOW", {entry({"read"}, "SCMP_ACT_ALLOW")}));

  CHECK(repeating.instructions.size() == plain.instructions.size());
  CHECK(answer_x86_64(repeating, SYS_read) == SECCOMP_RET_ALLOW);
}

TEST_CASE("with an ERRNO default, calls newer than the profile get ENOSYS", "[seccomp][SEC-18]") {
  const auto program = compiled(profile(
      "SCMP_ACT_ERRNO",
      {entry({"read", "openat2"}, "SCMP_ACT_ALLOW"), entry({"faccessat2"}, "SCMP_ACT_ERRNO")},
      {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"}));

  CHECK(answer_x86_64(program, SYS_read) == SECCOMP_RET_ALLOW);
  CHECK(answer_x86_64(program, SYS_write) == errno_result(EPERM));
  CHECK(answer_x86_64(program, SYS_openat2) == SECCOMP_RET_ALLOW);
  CHECK(answer_x86_64(program, 438) == errno_result(EPERM));  // older than faccessat2
  // An entry with the default action is known to the profile all the same.
  CHECK(answer_x86_64(program, SYS_faccessat2) == errno_result(EPERM));
  CHECK(answer_x86_64(program, SYS_faccessat2 + 1) == errno_result(ENOSYS));
  CHECK(answer_x86_64(program, kX32Bit - 1) == errno_result(ENOSYS));
  CHECK(answer_x86_64(program, kX32Bit + SYS_read) == SECCOMP_RET_ALLOW);
  CHECK(answer_x86_64(program, kX32Bit + 438) == errno_result(EPERM));
  CHECK(answer_x86_64(program, kX32Bit + SYS_faccessat2 + 1) == errno_result(ENOSYS));
  CHECK(answer(program, {.arch = AUDIT_ARCH_I386, .number = 3}) == SECCOMP_RET_ALLOW);
  CHECK(answer(program, {.arch = AUDIT_ARCH_I386, .number = 440}) == errno_result(ENOSYS));
  CHECK(answer(program, {.arch = AUDIT_ARCH_AARCH64, .number = 63}) == SECCOMP_RET_ALLOW);
  CHECK(answer(program, {.arch = AUDIT_ARCH_AARCH64, .number = 64}) == errno_result(EPERM));
  CHECK(answer(program, {.arch = AUDIT_ARCH_AARCH64, .number = 440}) == errno_result(ENOSYS));
}

TEST_CASE("only an ERRNO default is turned into ENOSYS for newer calls", "[seccomp][SEC-18]") {
  for (const char* action :
       {"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP", "SCMP_ACT_TRACE", "SCMP_ACT_LOG"}) {
    const auto program = compiled(profile(action, {entry({"read"}, "SCMP_ACT_ALLOW")}));
    CHECK(answer_x86_64(program, 1000) == program.default_action);
  }
  // Nothing is known, so nothing is newer.
  const auto empty = compiled(profile("SCMP_ACT_ERRNO"));
  CHECK(answer_x86_64(empty, 1000) == errno_result(EPERM));
}

TEST_CASE("ARM's private calls are not taken for newer ones", "[seccomp][SEC-18]") {
  constexpr std::uint32_t kCacheflush = 0x0f0002;
  const auto program = compiled(profile(
      "SCMP_ACT_ERRNO", {entry({"read", "cacheflush"}, "SCMP_ACT_ALLOW")}, {"SCMP_ARCH_ARM"}));
  const auto arm = [&](std::uint32_t number) {
    return answer(program, {.arch = AUDIT_ARCH_ARM, .number = number});
  };

  CHECK(arm(3) == SECCOMP_RET_ALLOW);
  CHECK(arm(1) == errno_result(EPERM));
  CHECK(arm(4) == errno_result(ENOSYS));
  CHECK(arm(kCacheflush) == SECCOMP_RET_ALLOW);
  CHECK(arm(kCacheflush + 1) == errno_result(EPERM));
}

TEST_CASE("an architecture that is not listed kills the thread", "[seccomp][SEC-04]") {
  const auto program = compiled(profile("SCMP_ACT_ALLOW"));

  CHECK(answer_x86_64(program, SYS_read) == SECCOMP_RET_ALLOW);
  CHECK(answer(program, {.arch = AUDIT_ARCH_I386, .number = 3}) == SECCOMP_RET_KILL_THREAD);
  CHECK(answer_x86_64(program, kX32Bit) == SECCOMP_RET_KILL_THREAD);
  CHECK(answer_x86_64(program, 0xffffffff) == SECCOMP_RET_ALLOW);  // cancelled by a tracer
}

TEST_CASE("the native architecture is always in the filter", "[seccomp][SEC-04]") {
  const auto program = compiled(profile("SCMP_ACT_ALLOW", {}, {"SCMP_ARCH_RISCV64"}));

  CHECK(answer_x86_64(program, SYS_read) == SECCOMP_RET_ALLOW);
  CHECK(answer(program, {.arch = AUDIT_ARCH_RISCV64, .number = 63}) == SECCOMP_RET_ALLOW);
}

TEST_CASE("a filter that the kernel would not take is refused by name", "[seccomp]") {
  oci::Seccomp seccomp = profile("SCMP_ACT_ALLOW");
  for (std::uint64_t i = 0; i < 1000; ++i) {
    seccomp.syscalls.push_back(
        entry({"ioctl"}, "SCMP_ACT_KILL",
              {{.index = 1, .value = i, .value_two = 0, .op = "SCMP_CMP_EQ"}}));
  }

  CHECK(pointer_of_refusal(seccomp) == "/linux/seccomp/syscalls");
}

TEST_CASE("a program describes itself in a stable way", "[seccomp]") {
  oci::Seccomp seccomp = profile("SCMP_ACT_ERRNO", {entry({"read", "sendmsg"}, "SCMP_ACT_ALLOW"),
                                                    entry({"mkdir"}, "SCMP_ACT_NOTIFY")});
  seccomp.listener_path = "/run/agent.sock";
  const auto program = compiled(seccomp);

  CHECK(to_string(program) ==
        "instructions: " + std::to_string(program.instructions.size()) +
            "\nflags: spec_allow new_listener\nnotifies: yes\ndefault: errno 1\n");
}

}  // namespace
}  // namespace myrt
