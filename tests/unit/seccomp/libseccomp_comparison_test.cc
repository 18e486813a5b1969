// libseccomp as the oracle: on random profiles our filters answer as the library's own do.
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <random>
#include <set>

#include "seccomp/architecture.h"
#include "seccomp/names.h"
#include "sys/files.h"
#include "tests/support/catch.h"
#include "tests/unit/seccomp/profiles.h"

namespace myrt {
namespace {

// Without the calls that some ABI has through its multiplexer only, for the library's sake: see
// by_library.
const std::vector<std::string> kNames = {
    "read",   "write",   "openat",     "clone",      "socket",      "bind",         "accept4",
    "sendto", "shmat",   "msgsnd",     "ioctl",      "futex",       "mmap",         "mmap2",
    "stat64", "fcntl64", "sendmmsg",   "recvmmsg",   "personality", "rt_sigaction", "socketcall",
    "ipc",    "openat2", "cacheflush", "breakpoint", "clone3",      "nosuchcall",
};
// Actions of rules; the default is TRACE, so that ENOSYS for newer calls stays out of it.
const std::vector<std::pair<std::string, std::uint32_t>> kActions = {
    {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW}, {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(EPERM)}};
const std::map<std::string, scmp_compare> kOperators = {{"SCMP_CMP_NE", SCMP_CMP_NE},
                                                        {"SCMP_CMP_LT", SCMP_CMP_LT},
                                                        {"SCMP_CMP_LE", SCMP_CMP_LE},
                                                        {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                                        {"SCMP_CMP_GE", SCMP_CMP_GE},
                                                        {"SCMP_CMP_GT", SCMP_CMP_GT},
                                                        {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};
const std::vector<std::uint64_t> kValues = {
    0, 1, 2, 8, 0xff, 0x7e020000, 0xffffffff, 0x100000000, 0x100000008, 0x800000000, UINT64_MAX};

const std::vector<std::string> kEqualities = {"SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"};

using Random = std::mt19937;

template <class Container>
auto pick(Random& random, const Container& container) {
  return *std::next(container.begin(), static_cast<std::ptrdiff_t>(random() % container.size()));
}

// Rules of one call get one action: where two contradict each other, libseccomp's answer depends on
// the shape of its tree. And it loses matches where several rules of one call order the same
// argument, so a call has either one rule or rules that test for equality.
oci::Seccomp random_profile(Random& random, const std::vector<std::string>& architectures) {
  oci::Seccomp seccomp = test::profile("SCMP_ACT_TRACE", {}, architectures);
  std::map<std::string, std::string> action_of;
  std::set<std::string> seen;
  const std::size_t entries = 1 + random() % 12;
  for (std::size_t i = 0; i < entries; ++i) {
    const std::string name = pick(random, kNames);
    const std::string action =
        action_of.try_emplace(name, pick(random, kActions).first).first->second;
    const bool tests_equality = name.size() % 2 == 0;
    if (!tests_equality && !seen.insert(name).second) continue;
    oci::SeccompSyscall entry = test::entry({name}, action);
    for (std::uint32_t index = 0; index < 6; ++index) {
      if (random() % 4 != 0) continue;
      entry.args.push_back(
          {.index = index,
           .value = pick(random, kValues),
           .value_two = pick(random, kValues),
           .op = tests_equality ? pick(random, kEqualities) : pick(random, kOperators).first});
    }
    // Conditions on a multiplexer could contradict those of the calls behind it.
    if (name == "socketcall" || name == "ipc") entry.args.clear();
    for (oci::SeccompArg& arg : entry.args) {
      // Bits of the datum outside of the mask: ignored, but not by the library's 32-bit rules.
      if (arg.op == "SCMP_CMP_MASKED_EQ") arg.value_two &= arg.value;
    }
    seccomp.syscalls.push_back(entry);
  }
  return seccomp;
}

std::uint32_t action_number(const std::string& name) {
  for (const auto& [action, number] : kActions) {
    if (action == name) return number;
  }
  return SCMP_ACT_KILL;
}

// The library's filter for one architecture. Names without a number of their own there stay out:
// libseccomp 2.5.4 can lose the load of the system call's number together with their rules.
std::vector<sock_filter> by_library(const oci::Seccomp& seccomp,
                                    const seccomp::Architecture& architecture) {
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_TRACE(EPERM));
  REQUIRE(filter != nullptr);
  // Removed first, so that the other one may have the other byte order.
  REQUIRE(::seccomp_arch_remove(filter, SCMP_ARCH_NATIVE) == 0);
  REQUIRE(::seccomp_arch_add(filter, architecture.token) == 0);
  for (const oci::SeccompSyscall& entry : seccomp.syscalls) {
    const int number = ::seccomp_syscall_resolve_name(entry.names[0].c_str());
    if (seccomp::call_numbers(architecture, entry.names[0]).empty()) continue;
    std::vector<scmp_arg_cmp> conditions;
    for (const oci::SeccompArg& arg : entry.args) {
      conditions.push_back({.arg = arg.index,
                            .op = kOperators.at(arg.op),
                            .datum_a = arg.value,
                            .datum_b = arg.value_two});
    }
    const int result =
        ::seccomp_rule_add_array(filter, action_number(entry.action), number,
                                 static_cast<unsigned>(conditions.size()), conditions.data());
    REQUIRE((result == 0 || result == -EEXIST));
  }
  const sys::UniqueFd file(::memfd_create("filter", MFD_CLOEXEC));
  REQUIRE(::seccomp_export_bpf(filter, file.get()) == 0);
  ::seccomp_release(filter);
  const auto size = static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END));
  std::vector<sock_filter> program(size / sizeof(sock_filter));
  REQUIRE(::pread(file.get(), program.data(), size, 0) == static_cast<ssize_t>(size));
  if (architecture.byte_order == seccomp::ByteOrder::big) {
    // Exported for the machine that it is meant for.
    for (sock_filter& instruction : program) {
      instruction.code = __builtin_bswap16(instruction.code);
      instruction.k = __builtin_bswap32(instruction.k);
    }
  }
  return program;
}

std::vector<std::uint32_t> interesting_numbers(const seccomp::Architecture& architecture) {
  std::vector<std::uint32_t> numbers = {0, 500, 0x3fffffff, 0x40000000, 0x400001ff, 0xffffffff};
  for (const std::string& name : kNames) {
    for (const auto& call : seccomp::call_numbers(architecture, name)) {
      numbers.push_back(call.number);
      numbers.push_back(call.number + 1);
    }
  }
  return numbers;
}

// Numbers of another ABI with the same AUDIT_ARCH are that one's affair.
bool belongs_to(const seccomp::Architecture& architecture, std::uint32_t number) {
  return number >= architecture.first_number &&
         (number < architecture.end_of_numbers ||
          architecture.beyond == seccomp::Beyond::private_calls);
}

void compare_answers(Random& random, const oci::Seccomp& seccomp,
                     const std::vector<sock_filter>& ours,
                     const seccomp::Architecture& architecture) {
  const std::vector<sock_filter> theirs = by_library(seccomp, architecture);
  for (const std::uint32_t number : interesting_numbers(architecture)) {
    if (!belongs_to(architecture, number)) continue;
    for (int round = 0; round < 6; ++round) {
      test::Call call = {.arch = architecture.audit_arch, .number = number};
      call.big_endian = architecture.byte_order == seccomp::ByteOrder::big;
      for (std::uint64_t& arg : call.args) arg = pick(random, kValues);
      // socketcall and ipc get a call number that may match.
      if (round % 2 == 0) call.args[0] = random() % 25;
      const auto our_answer = test::run_filter(ours, call);
      const auto their_answer = test::run_filter(theirs, call);
      if (our_answer == their_answer && our_answer) continue;
      CAPTURE(architecture.token, number, call.args, our_answer.value_or(1),
              their_answer.value_or(1));
      for (const auto& entry : seccomp.syscalls) {
        UNSCOPED_INFO(entry.names[0] << " " << entry.action);
        for (const auto& arg : entry.args) {
          UNSCOPED_INFO("  arg " << arg.index << " " << arg.op << " " << arg.value << " "
                                 << arg.value_two);
        }
      }
      FAIL("answers differ");
    }
  }
}

TEST_CASE("filters answer as libseccomp's do", "[seccomp][SEC-04][SEC-13][SEC-15]") {
  const std::vector<std::vector<std::string>> sets = {
      {"SCMP_ARCH_X86_64"},
      {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"},
      {"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"},
      {"SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC"},
      {"SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390", "SCMP_ARCH_S390X",
       "SCMP_ARCH_PPC"},
  };
  Random random(20240607);  // fixed: a failure must be repeatable
  for (const auto& names : sets) {
    for (int i = 0; i < 60; ++i) {
      const oci::Seccomp seccomp = random_profile(random, names);
      const std::vector<sock_filter> ours = test::compiled(seccomp).instructions;
      for (const std::string& name : names) {
        compare_answers(random, seccomp, ours,
                        seccomp::describe_architecture(*seccomp::find_architecture(name)));
      }
    }
  }
}

TEST_CASE("the direct numbers of multiplexed calls are libseccomp's", "[seccomp][SEC-04]") {
  for (const char* name : {"SCMP_ARCH_X86", "SCMP_ARCH_MIPS", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64",
                           "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390", "SCMP_ARCH_S390X"}) {
    const auto architecture = seccomp::describe_architecture(*seccomp::find_architecture(name));
    const std::uint32_t base = std::string(name) == "SCMP_ARCH_MIPS" ? 4000 : 0;
    for (std::uint32_t number = base; number < base + 450; ++number) {
      char* call = ::seccomp_syscall_resolve_num_arch(architecture.token, static_cast<int>(number));
      if (call == nullptr) continue;
      const auto numbers = seccomp::call_numbers(architecture, call);
      INFO(name << " " << call << " " << number);
      CHECK(std::any_of(numbers.begin(), numbers.end(), [&](const seccomp::CallNumber& known) {
        return known.number == number && !known.multiplexed;
      }));
      ::free(call);
    }
  }
}

}  // namespace
}  // namespace myrt
