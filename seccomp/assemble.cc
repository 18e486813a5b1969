#include "seccomp/assemble.h"

#include <linux/seccomp.h>

#include <cstddef>
#include <limits>
#include <span>

namespace myrt::seccomp {
namespace {

using Code = std::vector<sock_filter>;

// Offsets in a conditional jump are one byte; BPF_JA has 32 bits.
constexpr std::size_t kLongestBranch = std::numeric_limits<std::uint8_t>::max();

sock_filter statement(unsigned code, std::uint32_t k) {
  return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = k};
}
sock_filter load(std::size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter result(std::uint32_t value) { return statement(BPF_RET | BPF_K, value); }

// Makes room behind the conditional jump at `jump` for code that only one branch enters: that
// branch goes on, the other one goes past everything emitted since. Call it when that code is
// complete.
enum class Skips : std::uint8_t { when_true, when_false };
void close_branch(Code& code, std::size_t jump, Skips skips) {
  const std::size_t length = code.size() - jump - 1;
  const bool on_true = skips == Skips::when_true;
  if (length <= kLongestBranch) {
    (on_true ? code[jump].jt : code[jump].jf) = static_cast<std::uint8_t>(length);
    return;
  }
  // Too far: the skipping branch goes through a long jump behind it. All other jumps lie within the
  // moved code and are relative, so they stay right.
  (on_true ? code[jump].jf : code[jump].jt) = 1;
  code.insert(code.begin() + static_cast<std::ptrdiff_t>(jump) + 1,
              statement(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(length)));
}

// Where a conditional jump of a comparison goes: on to the next instruction, to the end of the
// comparison because it holds, or to the end of the rule because it does not.
enum class Target : std::uint8_t { next, holds, fails };

// Emits one rule. Its jumps are short: a rule has at most six comparisons of six instructions.
class RuleEmitter {
 public:
  RuleEmitter(Code& code, ByteOrder byte_order, ArgumentWords words)
      : code_(code), byte_order_(byte_order), words_(words) {}

  void emit(const Rule& rule) {
    for (const Comparison& comparison : rule.all_of) emit(comparison);
    code_.push_back(result(rule.result));
    resolve(Target::fails);
  }

 private:
  struct Jump {
    std::size_t at;
    bool on_true;
    Target target;
  };

  void emit(const Comparison& comparison) {
    if (words_ == ArgumentWords::both) test_high(comparison);
    test_low(comparison);
    resolve(Target::holds);
  }

  // Decides what the high words decide, and otherwise goes on to the low ones.
  void test_high(const Comparison& comparison) {
    const auto high = static_cast<std::uint32_t>(comparison.value >> 32U);
    const std::size_t offset = word_offset(comparison.index, byte_order_ == ByteOrder::little);
    if (comparison.op == Operator::masked_eq) {
      test_masked(offset, high, static_cast<std::uint32_t>(comparison.value_two >> 32U));
      return;
    }
    code_.push_back(load(offset));
    switch (comparison.op) {
      case Operator::eq:
      case Operator::masked_eq:
        return jump(BPF_JEQ, high, Target::next, Target::fails);
      case Operator::ne:
        return jump(BPF_JEQ, high, Target::next, Target::holds);
      case Operator::gt:
      case Operator::ge:
        jump(BPF_JGT, high, Target::holds, Target::next);
        return jump(BPF_JEQ, high, Target::next, Target::fails);
      case Operator::lt:
      case Operator::le:
        jump(BPF_JGE, high, Target::next, Target::holds);
        return jump(BPF_JEQ, high, Target::next, Target::fails);
    }
  }

  void test_low(const Comparison& comparison) {
    const auto low = static_cast<std::uint32_t>(comparison.value);
    const std::size_t offset = word_offset(comparison.index, byte_order_ == ByteOrder::big);
    if (comparison.op == Operator::masked_eq) {
      test_masked(offset, low, static_cast<std::uint32_t>(comparison.value_two));
      return;
    }
    code_.push_back(load(offset));
    switch (comparison.op) {
      case Operator::eq:
      case Operator::masked_eq:
        return jump(BPF_JEQ, low, Target::next, Target::fails);
      case Operator::ne:
        return jump(BPF_JEQ, low, Target::fails, Target::next);
      case Operator::gt:
        return jump(BPF_JGT, low, Target::next, Target::fails);
      case Operator::ge:
        return jump(BPF_JGE, low, Target::next, Target::fails);
      case Operator::lt:
        return jump(BPF_JGE, low, Target::fails, Target::next);
      case Operator::le:
        return jump(BPF_JGT, low, Target::fails, Target::next);
    }
  }

  void test_masked(std::size_t offset, std::uint32_t mask, std::uint32_t datum) {
    if (mask == 0) return;  // nothing of this word matters
    code_.push_back(load(offset));
    code_.push_back(statement(BPF_ALU | BPF_AND | BPF_K, mask));
    jump(BPF_JEQ, datum & mask, Target::next, Target::fails);
  }

  static std::size_t word_offset(std::uint32_t index, bool second) {
    return offsetof(seccomp_data, args) + index * sizeof(std::uint64_t) +
           (second ? sizeof(std::uint32_t) : 0);
  }

  void jump(unsigned test, std::uint32_t k, Target on_true, Target on_false) {
    if (on_true != Target::next) open_.push_back({code_.size(), true, on_true});
    if (on_false != Target::next) open_.push_back({code_.size(), false, on_false});
    code_.push_back(statement(BPF_JMP | test | BPF_K, k));
  }

  // Points the open jumps with this target at the next instruction to come.
  void resolve(Target target) {
    std::erase_if(open_, [&](const Jump& open) {
      if (open.target != target) return false;
      const auto distance = static_cast<std::uint8_t>(code_.size() - open.at - 1);
      (open.on_true ? code_[open.at].jt : code_[open.at].jf) = distance;
      return true;
    });
  }

  Code& code_;
  ByteOrder byte_order_;
  ArgumentWords words_;
  std::vector<Jump> open_;
};

// With the system call's number in the accumulator.
void emit_search(Code& code, std::span<const Segment> segments, ByteOrder byte_order) {
  if (segments.size() == 1) {
    const Segment& segment = segments.front();
    for (const Rule* rule : segment.rules) {
      RuleEmitter(code, byte_order, segment.words).emit(*rule);
    }
    code.push_back(result(segment.otherwise));
    return;
  }
  const std::size_t middle = segments.size() / 2;
  const std::size_t jump = code.size();
  code.push_back(statement(BPF_JMP | BPF_JGE | BPF_K, segments[middle].first));
  emit_search(code, segments.first(middle), byte_order);
  close_branch(code, jump, Skips::when_true);
  emit_search(code, segments.subspan(middle), byte_order);
}

}  // namespace

std::vector<sock_filter> assemble(const std::vector<Section>& sections, std::uint32_t foreign) {
  Code code;
  code.push_back(load(offsetof(seccomp_data, arch)));
  for (const Section& section : sections) {
    const std::size_t jump = code.size();
    code.push_back(statement(BPF_JMP | BPF_JEQ | BPF_K, section.audit_arch));
    code.push_back(load(offsetof(seccomp_data, nr)));
    emit_search(code, section.segments, section.byte_order);
    close_branch(code, jump, Skips::when_false);
  }
  code.push_back(result(foreign));
  return code;
}

}  // namespace myrt::seccomp
