// linux.seccomp -> BPF. The program ends for every call, and on this machine's architecture its
// answers are those of the profile, read rule by rule.
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <random>

#include "oci-spec/parse.h"
#include "seccomp/compile.h"
#include "seccomp/profile.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/bpf_interpreter.h"

namespace {

using namespace myrt;
using seccomp::Comparison;
using seccomp::Operator;
using seccomp::Rule;

constexpr std::uint32_t kX32 = 0x40000000;
constexpr int kCalls = 64;
using Random = std::minstd_rand;

bool holds(const Comparison& comparison, const test::Call& call) {
  const std::uint64_t argument = call.args.at(comparison.index);
  switch (comparison.op) {
    case Operator::ne:
      return argument != comparison.value;
    case Operator::lt:
      return argument < comparison.value;
    case Operator::le:
      return argument <= comparison.value;
    case Operator::eq:
      return argument == comparison.value;
    case Operator::ge:
      return argument >= comparison.value;
    case Operator::gt:
      return argument > comparison.value;
    case Operator::masked_eq:
      return (argument & comparison.value) == (comparison.value_two & comparison.value);
  }
  return false;
}

// What the profile says of the calls of one architecture.
class Model {
 public:
  Model(const seccomp::Profile& profile, const seccomp::Architecture& architecture)
      : profile_(profile) {
    for (const seccomp::ProfileEntry& entry : profile.entries) {
      for (const std::string& name : entry.names) {
        for (const auto& number : seccomp::call_numbers(architecture, name)) {
          if (number.number < architecture.end_of_numbers) {
            newest_ = std::max(newest_.value_or(0), number.number);
          }
          for (const Rule& rule : entry.rules) rules_.push_back({number.number, &rule});
        }
      }
    }
  }

  std::uint32_t answer(const test::Call& call) const {
    const Rule* found = nullptr;
    for (const auto& [number, rule] : rules_) {
      if (number != call.number) continue;
      if (rule->all_of.empty()) return rule->result;
      const bool matches = std::all_of(rule->all_of.begin(), rule->all_of.end(),
                                       [&](const Comparison& c) { return holds(c, call); });
      if (matches && found == nullptr) found = rule;
    }
    if (found != nullptr) return found->result;
    const bool newer = newest_.has_value() && call.number > *newest_;
    return newer && profile_.newer_calls_get_enosys ? SECCOMP_RET_ERRNO | ENOSYS
                                                    : profile_.default_result;
  }

  // A call that some rule is about, with arguments near those that it compares.
  test::Call call(Random& random) const {
    test::Call call = {.arch = AUDIT_ARCH_X86_64,
                       .number = static_cast<std::uint32_t>(random() % 600)};
    for (std::uint64_t& argument : call.args) argument = random() % 4 == 0 ? ~0ULL : random() % 8;
    if (rules_.empty() || random() % 4 == 0) return call;
    const auto& [number, rule] = rules_[random() % rules_.size()];
    call.number = number + (random() % 8 == 0 ? 1U : 0U);
    for (const Comparison& comparison : rule->all_of) {
      const std::uint64_t near =
          comparison.op == Operator::masked_eq ? comparison.value_two : comparison.value;
      constexpr std::array<std::uint64_t, 6> kSteps = {0, 0, 1, ~0ULL, 1ULL << 32U, 1ULL << 63U};
      call.args.at(comparison.index) = near + kSteps.at(random() % kSteps.size());
    }
    return call;
  }

 private:
  struct Numbered {
    std::uint32_t number;
    const Rule* rule;
  };
  const seccomp::Profile& profile_;
  std::vector<Numbered> rules_;
  std::optional<std::uint32_t> newest_;
};

// Nothing that the kernel's own checker would refuse: the last instruction returns, and no jump
// leads out.
void check_program(const std::vector<sock_filter>& program) {
  HOLDS(!program.empty() && program.size() <= BPF_MAXINSNS, std::to_string(program.size()));
  HOLDS(BPF_CLASS(program.back().code) == BPF_RET, "the last instruction");
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& one = program[at];
    if (BPF_CLASS(one.code) != BPF_JMP) continue;
    const std::size_t furthest =
        BPF_OP(one.code) == BPF_JA ? one.k : std::max<std::size_t>(one.jt, one.jf);
    HOLDS(at + 1 + furthest < program.size(), std::to_string(at));
  }
}

void check_answers(const seccomp::Program& program, const oci::Seccomp& seccomp, Random& random) {
  const auto profile = seccomp::read_profile(seccomp);
  HOLDS(profile.ok(), "compiled, but has no profile");
  const seccomp::Architecture native = seccomp::native_architecture();
  if (native.audit_arch != AUDIT_ARCH_X86_64) return;
  const Model model(*profile, native);
  for (int i = 0; i < kCalls; ++i) {
    const test::Call call = model.call(random);
    const auto answer = test::run_filter(program.instructions, call);
    HOLDS(answer.has_value(), "no answer");
    if (call.number >= kX32) continue;
    HOLDS(*answer == model.answer(call),
          fmt::format(
              "call {} ({:x} {:x} {:x} {:x} {:x} {:x}): the filter says {:x}, the profile {:x}",
              call.number, call.args[0], call.args[1], call.args[2], call.args[3], call.args[4],
              call.args[5], *answer, model.answer(call)));
  }
}

void check_other_architectures(const seccomp::Program& program, const oci::Seccomp& seccomp,
                               Random& random) {
  constexpr std::array<std::uint32_t, 6> kArchitectures = {
      AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, AUDIT_ARCH_MIPS, AUDIT_ARCH_S390X, 0};
  for (const std::uint32_t arch : kArchitectures) {
    for (int i = 0; i < kCalls / 8; ++i) {
      test::Call call = {.arch = arch, .number = static_cast<std::uint32_t>(random() % 6000)};
      call.big_endian = arch == AUDIT_ARCH_S390X || arch == AUDIT_ARCH_MIPS;
      for (std::uint64_t& argument : call.args) argument = random();
      const auto answer = test::run_filter(program.instructions, call);
      HOLDS(answer.has_value(), "no answer");
      HOLDS(!seccomp.architectures.empty() || *answer == 0, "a foreign call lives");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const auto parsed = oci::parse_spec(fmt::format(
      R"({{"ociVersion":"1.0.2","root":{{"path":"r"}},"linux":{{"seccomp":{}}}}})", json));
  if (!parsed.problems.empty() || !parsed.value.linux || !parsed.value.linux->seccomp) return 0;
  const oci::Seccomp& seccomp = *parsed.value.linux->seccomp;
  const auto program = seccomp::compile(seccomp);
  if (!program.ok()) {
    fuzz::check_error(program.error(), {ErrorCode::invalid_config, ErrorCode::unsupported});
    HOLDS(program.error().pointer.starts_with("/linux/seccomp"), program.error().message);
    return 0;
  }
  HOLDS(seccomp::to_string(*program) == seccomp::to_string(*seccomp::compile(seccomp)), "unstable");
  check_program(program->instructions);
  Random random(static_cast<std::uint32_t>(std::hash<std::string_view>()(json)) | 1U);
  check_answers(*program, seccomp, random);
  check_other_architectures(*program, seccomp, random);
  return 0;
}
