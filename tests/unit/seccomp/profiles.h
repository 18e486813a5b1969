// Short ways to write seccomp profiles and to ask a compiled one.
#pragma once

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "oci-spec/spec_linux.h"
#include "seccomp/compile.h"
#include "tests/support/bpf_interpreter.h"
#include "tests/support/catch.h"

namespace myrt::test {

inline std::uint32_t errno_result(std::uint32_t value) { return SECCOMP_RET_ERRNO | value; }

inline oci::SeccompSyscall entry(std::vector<std::string> names, std::string action,
                                 std::vector<oci::SeccompArg> args = {}) {
  oci::SeccompSyscall syscall;
  syscall.names = std::move(names);
  syscall.action = std::move(action);
  syscall.args = std::move(args);
  return syscall;
}

inline oci::Seccomp profile(std::string default_action,
                            std::vector<oci::SeccompSyscall> syscalls = {},
                            std::vector<std::string> architectures = {"SCMP_ARCH_X86_64"}) {
  oci::Seccomp seccomp;
  seccomp.default_action = std::move(default_action);
  seccomp.syscalls = std::move(syscalls);
  seccomp.architectures = std::move(architectures);
  return seccomp;
}

inline seccomp::Program compiled(const oci::Seccomp& seccomp) {
  auto program = seccomp::compile(seccomp);
  INFO((program.ok() ? "" : program.error().message));
  REQUIRE(program.ok());
  return std::move(program).value();
}

inline std::string pointer_of_refusal(const oci::Seccomp& seccomp) {
  const auto program = seccomp::compile(seccomp);
  return program.ok() ? "accepted" : program.error().pointer;
}

inline std::uint32_t answer(const seccomp::Program& program, const Call& call) {
  const auto result = run_filter(program.instructions, call);
  REQUIRE(result.has_value());
  return *result;
}

inline std::uint32_t answer_x86_64(const seccomp::Program& program, std::uint32_t number,
                                   std::array<std::uint64_t, 6> args = {}) {
  return answer(program, {.arch = AUDIT_ARCH_X86_64, .number = number, .args = args});
}

}  // namespace myrt::test
