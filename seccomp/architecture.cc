#include "seccomp/architecture.h"

#include <elf.h>
#include <linux/audit.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace myrt::seccomp {
namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::uint32_t kArmPrivateCalls = 0x0f0000;
constexpr std::uint32_t kMipsO32Base = 4000;

// libseccomp gives calls that may be multiplexed a negative number: -100 - N is socketcall(N),
// -200 - N is ipc(N).
constexpr int kSocketBase = -100;
constexpr int kIpcBase = -200;
constexpr int kIpcEnd = -300;

enum Family : std::size_t { kX86, kMipsO32, kPowerPc, kS390, kFamilyCount };

// The direct numbers that the kernel gave to those calls later (0: none), by libseccomp's number.
// libseccomp knows them, but only tells by asking for every number there is.
struct DirectNumbers {
  int library_number;
  std::array<std::uint16_t, kFamilyCount> number;
};
constexpr std::array kDirectNumbers = {
    DirectNumbers{-101, {359, 183, 326, 359}},  // socket
    DirectNumbers{-102, {361, 169, 327, 361}},  // bind
    DirectNumbers{-103, {362, 170, 328, 362}},  // connect
    DirectNumbers{-104, {363, 174, 329, 363}},  // listen
    DirectNumbers{-105, {0, 168, 330, 0}},      // accept
    DirectNumbers{-106, {367, 172, 331, 367}},  // getsockname
    DirectNumbers{-107, {368, 171, 332, 368}},  // getpeername
    DirectNumbers{-108, {360, 184, 333, 360}},  // socketpair
    DirectNumbers{-109, {0, 178, 334, 0}},      // send
    DirectNumbers{-110, {0, 175, 336, 0}},      // recv
    DirectNumbers{-111, {369, 180, 335, 369}},  // sendto
    DirectNumbers{-112, {371, 176, 337, 371}},  // recvfrom
    DirectNumbers{-113, {373, 182, 338, 373}},  // shutdown
    DirectNumbers{-114, {366, 181, 339, 366}},  // setsockopt
    DirectNumbers{-115, {365, 173, 340, 365}},  // getsockopt
    DirectNumbers{-116, {370, 179, 341, 370}},  // sendmsg
    DirectNumbers{-117, {372, 177, 342, 372}},  // recvmsg
    DirectNumbers{-118, {364, 334, 344, 364}},  // accept4
    DirectNumbers{-119, {337, 335, 343, 357}},  // recvmmsg
    DirectNumbers{-120, {345, 343, 349, 358}},  // sendmmsg
    DirectNumbers{-202, {393, 393, 393, 393}},  // semget
    DirectNumbers{-203, {394, 394, 394, 394}},  // semctl
    DirectNumbers{-204, {0, 0, 392, 392}},      // semtimedop, 64-bit only
    DirectNumbers{-211, {400, 400, 400, 400}},  // msgsnd
    DirectNumbers{-212, {401, 401, 401, 401}},  // msgrcv
    DirectNumbers{-213, {399, 399, 399, 399}},  // msgget
    DirectNumbers{-214, {402, 402, 402, 402}},  // msgctl
    DirectNumbers{-221, {397, 397, 397, 397}},  // shmat
    DirectNumbers{-222, {398, 398, 398, 398}},  // shmdt
    DirectNumbers{-223, {395, 395, 395, 395}},  // shmget
    DirectNumbers{-224, {396, 396, 396, 396}},  // shmctl
};

std::optional<Family> multiplexing_family(std::uint32_t token) {
  switch (token) {
    case SCMP_ARCH_X86:
      return kX86;
    case SCMP_ARCH_MIPS:
    case SCMP_ARCH_MIPSEL:
      return kMipsO32;
    case SCMP_ARCH_PPC:
    case SCMP_ARCH_PPC64:
    case SCMP_ARCH_PPC64LE:
      return kPowerPc;
    case SCMP_ARCH_S390:
    case SCMP_ARCH_S390X:
      return kS390;
    default:
      return std::nullopt;
  }
}

std::vector<CallNumber> multiplexed_numbers(const Architecture& architecture, Family family,
                                            int library_number) {
  std::vector<CallNumber> numbers;
  const bool is_socket = library_number > kIpcBase;
  const int multiplexer =
      ::seccomp_syscall_resolve_name_arch(architecture.token, is_socket ? "socketcall" : "ipc");
  if (multiplexer >= 0) {
    const int base = is_socket ? kSocketBase : kIpcBase;
    numbers.push_back({.number = static_cast<std::uint32_t>(multiplexer),
                       .multiplexed = static_cast<std::uint32_t>(base - library_number)});
  }
  const auto direct =
      std::ranges::find(kDirectNumbers, library_number, &DirectNumbers::library_number);
  if (direct == kDirectNumbers.end() || direct->number[family] == 0) return numbers;
  const bool is_wide = architecture.words == ArgumentWords::both;
  const bool wide_only = library_number == kIpcBase - 4;  // 32-bit ABIs have semtimedop_time64
  if (wide_only && !is_wide) return numbers;
  const std::uint32_t base = family == kMipsO32 ? kMipsO32Base : 0;
  numbers.push_back({.number = base + direct->number[family], .multiplexed = std::nullopt});
  return numbers;
}

}  // namespace

Architecture describe_architecture(std::uint32_t token) {
  Architecture architecture;
  architecture.token = token;
  architecture.audit_arch = token;
  // x32 and n32 programs have 32-bit arguments in 64-bit registers.
  const bool is_n32 = token == SCMP_ARCH_MIPS64N32 || token == SCMP_ARCH_MIPSEL64N32;
  const bool is_wide = (token & __AUDIT_ARCH_64BIT) != 0 && !is_n32;
  architecture.words = is_wide ? ArgumentWords::both : ArgumentWords::low;
  architecture.byte_order = (token & __AUDIT_ARCH_LE) != 0 ? ByteOrder::little : ByteOrder::big;
  if (token == SCMP_ARCH_X86_64) {
    architecture.end_of_numbers = kX32Bit;
    architecture.beyond = Beyond::other_abi;
  }
  if (token == SCMP_ARCH_ARM) architecture.end_of_numbers = kArmPrivateCalls;
  if (token == SCMP_ARCH_X32) {
    // The kernel reports x32 as x86_64 with a bit in the number.
    architecture.audit_arch = AUDIT_ARCH_X86_64;
    architecture.first_number = kX32Bit;
  }
  return architecture;
}

Architecture native_architecture() { return describe_architecture(::seccomp_arch_native()); }

std::vector<CallNumber> call_numbers(const Architecture& architecture, const std::string& name) {
  const int number = ::seccomp_syscall_resolve_name_arch(architecture.token, name.c_str());
  if (number >= 0) {
    return {{.number = static_cast<std::uint32_t>(number), .multiplexed = std::nullopt}};
  }
  const std::optional<Family> family = multiplexing_family(architecture.token);
  if (!family || number >= kSocketBase || number <= kIpcEnd) return {};
  return multiplexed_numbers(architecture, *family, number);
}

}  // namespace myrt::seccomp
