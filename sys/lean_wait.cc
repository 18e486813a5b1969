#include "sys/lean_wait.h"

#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "sys/raw_syscall.h"

namespace myrt::sys {
namespace {

constexpr std::uintptr_t kPageMask = 4095;
constexpr std::uintptr_t kRedZoneBytes = 4096;  // what lies directly below a stack pointer is used
constexpr std::uintptr_t kStackBytes = 1U << 20U;

struct Range {
  std::uintptr_t begin = 0, end = 0;
};

// The stack, and the segments of the program that are never written: those that are hold
// relocations, which cannot be read again.
struct Ranges {
  std::array<Range, 8> of;
  std::size_t count = 0;

  void add(std::uintptr_t begin, std::uintptr_t end) {
    if (count < of.size()) of[count++] = {begin & ~kPageMask, end & ~kPageMask};
  }
};

int add_segments(dl_phdr_info* program, std::size_t, void* data) {
  auto& ranges = *static_cast<Ranges*>(data);
  for (int i = 0; i < program->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = program->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = program->dlpi_addr + header.p_vaddr;
    ranges.add(begin, begin + header.p_memsz + kPageMask);
  }
  return 1;  // the first is the program
}

// No call leaves this function and it crosses no page, so that a single page of the program is
// needed while it waits. With advice of its own that page is a mapping of its own: a fault maps
// what the page cache has around it (64 KiB, or all of a larger folio), but never more than the
// mapping.
[[gnu::noinline, gnu::aligned(1024)]] void drop_and_wait(const Ranges& ranges, int fd) {
  pollfd wait = {.fd = fd, .events = POLLIN, .revents = 0};
  const auto here = reinterpret_cast<std::uintptr_t>(&drop_and_wait) & ~kPageMask;
  raw_syscall(SYS_madvise, static_cast<long>(here), static_cast<long>(kPageMask + 1), MADV_RANDOM);
  for (std::size_t i = 0; i < ranges.count; ++i) {
    const Range& range = ranges.of[i];
    raw_syscall(SYS_madvise, static_cast<long>(range.begin),
                static_cast<long>(range.end - range.begin), MADV_DONTNEED);
  }
  raw_syscall(SYS_ppoll, reinterpret_cast<long>(&wait), 1, 0, 0, 0);
}

}  // namespace

void lean_wait(int fd) {
  ::malloc_trim(0);
  Ranges ranges;
  ::dl_iterate_phdr(&add_segments, &ranges);
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  ranges.add(here - kStackBytes, here - kRedZoneBytes);
  drop_and_wait(ranges, fd);
}

}  // namespace myrt::sys
