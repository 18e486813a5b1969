// Runs a seccomp filter in the test itself: what would the kernel answer to this call?
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

namespace myrt::test {

struct Call {
  std::uint32_t arch = 0;
  std::uint32_t number = 0;
  std::array<std::uint64_t, 6> args{};
  // How the machine of `arch` stores its words.
  bool big_endian = false;
};

// The filter's answer (SECCOMP_RET_* with data). std::nullopt when the program is not one that the
// kernel would take: an unknown instruction, a jump or a load out of bounds, or no return.
inline std::optional<std::uint32_t> run_filter(const std::vector<sock_filter>& program,
                                               const Call& call) {
  std::array<std::uint32_t, sizeof(seccomp_data) / 4> words{};
  words[0] = call.number;
  words[1] = call.arch;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    const auto low = static_cast<std::uint32_t>(call.args[i]);
    const auto high = static_cast<std::uint32_t>(call.args[i] >> 32U);
    words[4 + 2 * i] = call.big_endian ? high : low;
    words[5 + 2 * i] = call.big_endian ? low : high;
  }

  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& instruction = program[at];
    const std::uint32_t k = instruction.k;
    const auto branch = [&](bool taken) { at += taken ? instruction.jt : instruction.jf; };
    switch (instruction.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (k % 4 != 0 || k / 4 >= words.size()) return std::nullopt;
        accumulator = words[k / 4];
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= k;
        break;
      case BPF_JMP | BPF_JA:
        at += k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        branch(accumulator == k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        branch(accumulator >= k);
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        branch(accumulator > k);
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        branch((accumulator & k) != 0);
        break;
      case BPF_RET | BPF_K:
        return k;
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace myrt::test
