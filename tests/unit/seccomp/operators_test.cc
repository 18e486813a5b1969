// Truth tables of the argument operators, against plain C++.
#include <sys/syscall.h>

#include <cstdint>
#include <functional>

#include "tests/support/catch.h"
#include "tests/unit/seccomp/profiles.h"

namespace myrt {
namespace {

using test::answer;
using test::answer_x86_64;
using test::compiled;
using test::entry;
using test::profile;

constexpr std::uint64_t kHigh = 0x100000000;
constexpr std::uint64_t kEdges[] = {0,
                                    1,
                                    7,
                                    8,
                                    9,
                                    kHigh - 1,
                                    kHigh,
                                    kHigh + 7,
                                    kHigh + 8,
                                    kHigh + 9,
                                    2 * kHigh,
                                    2 * kHigh + 8,
                                    UINT64_MAX - 1,
                                    UINT64_MAX};

struct OperatorCase {
  const char* name;
  std::function<bool(std::uint64_t argument, std::uint64_t value, std::uint64_t value_two)> holds;
};
const OperatorCase kOperators[] = {
    {"SCMP_CMP_NE", [](auto a, auto v, auto) { return a != v; }},
    {"SCMP_CMP_LT", [](auto a, auto v, auto) { return a < v; }},
    {"SCMP_CMP_LE", [](auto a, auto v, auto) { return a <= v; }},
    {"SCMP_CMP_EQ", [](auto a, auto v, auto) { return a == v; }},
    {"SCMP_CMP_GE", [](auto a, auto v, auto) { return a >= v; }},
    {"SCMP_CMP_GT", [](auto a, auto v, auto) { return a > v; }},
    {"SCMP_CMP_MASKED_EQ", [](auto a, auto v, auto v2) { return (a & v) == (v2 & v); }},
};

std::array<std::uint64_t, 6> argument_at(std::size_t index, std::uint64_t value) {
  std::array<std::uint64_t, 6> args = {3, 3, 3, 3, 3, 3};
  args[index] = value;
  return args;
}

TEST_CASE("every operator compares all 64 bits of every argument", "[seccomp][SEC-13][SEC-15]") {
  for (const OperatorCase& op : kOperators) {
    for (const std::uint64_t value : kEdges) {
      const std::uint32_t index = static_cast<std::uint32_t>(value % 6);
      const oci::SeccompArg condition = {
          .index = index, .value = value, .value_two = 8, .op = op.name};
      const auto program =
          compiled(profile("SCMP_ACT_ALLOW", {entry({"ioctl"}, "SCMP_ACT_KILL", {condition})}));
      for (const std::uint64_t argument : kEdges) {
        INFO(op.name << " " << value << " with " << argument);
        const bool killed = answer_x86_64(program, SYS_ioctl, argument_at(index, argument)) ==
                            SECCOMP_RET_KILL_THREAD;
        CHECK(killed == op.holds(argument, value, 8));
      }
    }
  }
}

TEST_CASE("words are read in the order of a big-endian machine", "[seccomp][SEC-15]") {
  for (const OperatorCase& op : kOperators) {
    const oci::SeccompArg condition = {
        .index = 2, .value = kHigh + 8, .value_two = kHigh, .op = op.name};
    const auto program = compiled(profile(
        "SCMP_ACT_ALLOW", {entry({"ioctl"}, "SCMP_ACT_KILL", {condition})}, {"SCMP_ARCH_S390X"}));
    for (const std::uint64_t argument : kEdges) {
      INFO(op.name << " with " << argument);
      const auto result = answer(program, {.arch = AUDIT_ARCH_S390X,
                                           .number = 54,
                                           .args = argument_at(2, argument),
                                           .big_endian = true});
      CHECK((result == SECCOMP_RET_KILL_THREAD) == op.holds(argument, kHigh + 8, kHigh));
    }
  }
}

TEST_CASE("a 32-bit program's arguments are 32 bits wide", "[seccomp][SEC-15]") {
  const oci::SeccompArg all_ones = {
      .index = 0, .value = UINT64_MAX, .value_two = 0, .op = "SCMP_CMP_EQ"};
  const auto program = compiled(profile(
      "SCMP_ACT_ALLOW", {entry({"personality"}, "SCMP_ACT_KILL", {all_ones})}, {"SCMP_ARCH_X86"}));

  const auto result =
      answer(program, {.arch = AUDIT_ARCH_I386, .number = 136, .args = argument_at(0, 0xffffffff)});

  CHECK(result == SECCOMP_RET_KILL_THREAD);
  CHECK(answer_x86_64(program, SYS_personality, argument_at(0, 0xffffffff)) == SECCOMP_RET_ALLOW);
}

TEST_CASE("all conditions of an entry must hold", "[seccomp][SEC-13]") {
  const auto program = compiled(profile(
      "SCMP_ACT_ALLOW", {entry({"socket"}, "SCMP_ACT_KILL",
                               {{.index = 0, .value = 16, .value_two = 0, .op = "SCMP_CMP_EQ"},
                                {.index = 2, .value = 9, .value_two = 0, .op = "SCMP_CMP_EQ"}})}));

  CHECK(answer_x86_64(program, SYS_socket, {16, 0, 9}) == SECCOMP_RET_KILL_THREAD);
  CHECK(answer_x86_64(program, SYS_socket, {16, 0, 8}) == SECCOMP_RET_ALLOW);
  CHECK(answer_x86_64(program, SYS_socket, {15, 0, 9}) == SECCOMP_RET_ALLOW);
}

TEST_CASE("conditions on one argument twice are rules of their own", "[seccomp][SEC-14]") {
  const auto program = compiled(profile(
      "SCMP_ACT_ERRNO", {entry({"personality"}, "SCMP_ACT_ALLOW",
                               {{.index = 0, .value = 0, .value_two = 0, .op = "SCMP_CMP_EQ"},
                                {.index = 0, .value = 8, .value_two = 0, .op = "SCMP_CMP_EQ"},
                                {.index = 1, .value = 5, .value_two = 0, .op = "SCMP_CMP_EQ"}})}));

  CHECK(answer_x86_64(program, SYS_personality, {0}) == SECCOMP_RET_ALLOW);
  CHECK(answer_x86_64(program, SYS_personality, {8}) == SECCOMP_RET_ALLOW);
  CHECK(answer_x86_64(program, SYS_personality, {1, 5}) == SECCOMP_RET_ALLOW);
  CHECK(answer_x86_64(program, SYS_personality, {1, 4}) == test::errno_result(1));
}

TEST_CASE("several entries for one call are alternatives, the first that applies decides",
          "[seccomp]") {
  const oci::SeccompArg below_ten = {.index = 0, .value = 10, .value_two = 0, .op = "SCMP_CMP_LT"};
  const oci::SeccompArg below_five = {.index = 0, .value = 5, .value_two = 0, .op = "SCMP_CMP_LT"};
  const auto program =
      compiled(profile("SCMP_ACT_ALLOW", {entry({"close"}, "SCMP_ACT_KILL", {below_five}),
                                          entry({"close"}, "SCMP_ACT_LOG", {below_ten})}));
  CHECK(answer_x86_64(program, SYS_close, {4}) == SECCOMP_RET_KILL_THREAD);
  CHECK(answer_x86_64(program, SYS_close, {9}) == SECCOMP_RET_LOG);
  CHECK(answer_x86_64(program, SYS_close, {10}) == SECCOMP_RET_ALLOW);

  const auto unconditional = compiled(profile(
      "SCMP_ACT_ALLOW", {entry({"close"}, "SCMP_ACT_KILL", {below_five}),
                         entry({"close"}, "SCMP_ACT_LOG"), entry({"close"}, "SCMP_ACT_TRAP")}));
  CHECK(answer_x86_64(unconditional, SYS_close, {4}) == SECCOMP_RET_LOG);
}

TEST_CASE("multiplexed calls of 32-bit x86 are filtered both ways", "[seccomp][SEC-04]") {
  const auto program = compiled(profile(
      "SCMP_ACT_ERRNO", {entry({"bind", "semtimedop"}, "SCMP_ACT_ALLOW")}, {"SCMP_ARCH_X86"}));
  const auto x86 = [&](std::uint32_t number, std::uint64_t first) {
    return answer(program,
                  {.arch = AUDIT_ARCH_I386, .number = number, .args = {first, 0, 0, 0, 0, 0}});
  };

  CHECK(x86(361, 77) == SECCOMP_RET_ALLOW);  // bind
  CHECK(x86(102, 2) == SECCOMP_RET_ALLOW);   // socketcall(SYS_BIND)
  CHECK(x86(102, 1) == test::errno_result(1));
  CHECK(x86(117, 4) == SECCOMP_RET_ALLOW);  // ipc(SEMTIMEDOP)
  CHECK(x86(117, 1) == test::errno_result(1));
}

}  // namespace
}  // namespace myrt
