// The program inside every measured container: one system call of its own, and no libc, so that
// what is measured is the runtime. With an argument it waits to be killed instead of exiting.
#include <sys/syscall.h>

namespace {

[[noreturn]] void run(long argument_count) {
  constexpr long kWaitForSignals = SYS_pause;
  for (;;) {
    const long number = argument_count > 1 ? kWaitForSignals : SYS_exit;
    long result = number;
    asm volatile("syscall" : "+a"(result) : "D"(0L) : "rcx", "r11", "memory");
  }
}

}  // namespace

// The kernel starts a process with the argument count on top of the stack.
extern "C" [[noreturn]] void payload_main(const long* stack) { run(*stack); }
asm(".globl _start\n_start:\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call payload_main\n");
