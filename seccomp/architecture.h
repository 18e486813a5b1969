// What a filter has to know of an architecture: how the kernel reports it, its argument words, and
// its system call numbers. The numbers themselves are libseccomp's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace myrt::seccomp {

// Which words of an argument are compared. Programs of a 32-bit ABI have 32-bit arguments.
enum class ArgumentWords : std::uint8_t { low, both };
// Which half of an argument comes first in struct seccomp_data.
enum class ByteOrder : std::uint8_t { little, big };

// What the numbers from Architecture::end_of_numbers on are.
enum class Beyond : std::uint8_t { private_calls, other_abi };

struct Architecture {
  std::uint32_t token = 0;       // libseccomp's
  std::uint32_t audit_arch = 0;  // AUDIT_ARCH_*, as in seccomp_data.arch; x32 has x86_64's
  ArgumentWords words = ArgumentWords::both;
  ByteOrder byte_order = ByteOrder::little;
  std::uint32_t first_number = 0;  // lowest number of this ABI: 0x40000000 for x32, else 0
  // First number after those that grow with new kernels: where x32 begins for x86_64, and ARM's
  // private calls; else 2^32 - 1, which is no system call.
  std::uint32_t end_of_numbers = 0xffffffff;
  Beyond beyond = Beyond::private_calls;
};
Architecture describe_architecture(std::uint32_t token);
Architecture native_architecture();

// One way to make a system call. The old 32-bit ABIs multiplex: `socket` is socketcall(1, ...).
struct CallNumber {
  std::uint32_t number = 0;
  std::optional<std::uint32_t> multiplexed;  // the call is meant only when argument 0 is this
};
// All ways, none when `name` is unknown or missing there. Names come from config.json.
std::vector<CallNumber> call_numbers(const Architecture& architecture, const std::string& name);

}  // namespace myrt::seccomp
