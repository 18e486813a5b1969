#include "cgroups/devices_program.h"

#include <cstddef>

#include "cgroups/device_rule.h"

namespace myrt::cgroups {
namespace {

// Who is in which register. The program calls nothing, so all of them live through.
constexpr std::uint8_t kVerdict = BPF_REG_0;
constexpr std::uint8_t kContext = BPF_REG_1;
constexpr std::uint8_t kUndecided = BPF_REG_2;  // letters that no later rule has allowed yet
constexpr std::uint8_t kType = BPF_REG_3;
constexpr std::uint8_t kMajor = BPF_REG_4;
constexpr std::uint8_t kMinor = BPF_REG_5;

bpf_insn instruction(int code, std::uint8_t destination, std::uint8_t source, int offset,
                     std::uint32_t immediate) {
  bpf_insn result = {};
  result.code = static_cast<std::uint8_t>(code);
  result.dst_reg = destination & 0xF;
  result.src_reg = source & 0xF;
  result.off = static_cast<std::int16_t>(offset);
  result.imm = static_cast<std::int32_t>(immediate);
  return result;
}

bpf_insn load_word(std::uint8_t destination, std::size_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, destination, kContext, static_cast<int>(offset), 0);
}

bpf_insn compute(int operation, std::uint8_t destination, std::uint32_t immediate) {
  return instruction(BPF_ALU | operation | BPF_K, destination, 0, 0, immediate);
}

// 32-bit compare: a 64-bit one would sign-extend the immediate. The offset is filled in later.
bpf_insn jump_if(int condition, std::uint8_t destination, std::uint32_t immediate) {
  return instruction(BPF_JMP32 | condition | BPF_K, destination, 0, 0, immediate);
}

void append_return(std::vector<bpf_insn>& code, bool allow) {
  code.push_back(compute(BPF_MOV, kVerdict, allow ? 1 : 0));
  code.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

std::vector<bpf_insn> prologue() {
  return {
      load_word(kUndecided, offsetof(bpf_cgroup_dev_ctx, access_type)),
      instruction(BPF_ALU | BPF_MOV | BPF_X, kType, kUndecided, 0, 0),
      compute(BPF_AND, kType, 0xFFFF),
      compute(BPF_RSH, kUndecided, 16),
      load_word(kMajor, offsetof(bpf_cgroup_dev_ctx, major)),
      load_word(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)),
  };
}

// One rule; a jump out of it goes to the rule behind.
std::vector<bpf_insn> rule_code(const DeviceRule& rule) {
  std::vector<bpf_insn> code;
  std::vector<std::size_t> jumps;
  const auto leave_if = [&](const bpf_insn& jump) {
    jumps.push_back(code.size());
    code.push_back(jump);
  };
  if (rule.type != 'a') {
    const std::uint32_t type = rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    leave_if(jump_if(BPF_JNE, kType, type));
  }
  if (rule.major) leave_if(jump_if(BPF_JNE, kMajor, *rule.major));
  if (rule.minor) leave_if(jump_if(BPF_JNE, kMinor, *rule.minor));
  if (rule.access != kAccessAll && rule.allow) {
    code.push_back(compute(BPF_AND, kUndecided, ~rule.access));
    leave_if(jump_if(BPF_JNE, kUndecided, 0));
  } else if (rule.access != kAccessAll) {
    code.push_back(instruction(BPF_ALU | BPF_MOV | BPF_X, kVerdict, kUndecided, 0, 0));
    code.push_back(compute(BPF_AND, kVerdict, rule.access));
    leave_if(jump_if(BPF_JEQ, kVerdict, 0));
  }
  append_return(code, rule.allow);
  for (const std::size_t jump : jumps) {
    code[jump].off = static_cast<std::int16_t>(code.size() - jump - 1);
  }
  return code;
}

}  // namespace

Result<std::vector<bpf_insn>> devices_program(const std::vector<oci::DeviceCgroupRule>& rules,
                                              const std::string& pointer) {
  std::vector<DeviceRule> checked;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    checked.push_back(TRY(check_device_rule(rules[i], fmt::format("{}/{}", pointer, i))));
  }
  std::vector<bpf_insn> code = prologue();
  for (auto rule = checked.rbegin(); rule != checked.rend(); ++rule) {
    const std::vector<bpf_insn> more = rule_code(*rule);
    code.insert(code.end(), more.begin(), more.end());
    // Nothing gets past such a rule, and the verifier refuses code that cannot be reached.
    if (rule->covers_everything()) return code;
  }
  append_return(code, false);
  return code;
}

}  // namespace myrt::cgroups
