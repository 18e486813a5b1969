// raw_syscall: a system call without the C library, for code that must not leave its own page or
// that runs before the library is there.
#pragma once

#ifndef __x86_64__
#include <unistd.h>
#endif

namespace myrt::sys {

// What the kernel returns: -errno on failure. (Elsewhere than on x86-64 it is syscall(2).)
[[gnu::always_inline]] inline long raw_syscall(long number, long a, long b, long c = 0, long d = 0,
                                               long e = 0) {
#ifdef __x86_64__
  long result = number;
  register long fourth asm("r10") = d;
  register long fifth asm("r8") = e;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
               : "rcx", "r11", "memory");
  return result;
#else
  return ::syscall(number, a, b, c, d, e);
#endif
}

}  // namespace myrt::sys
