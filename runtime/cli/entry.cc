// The first instructions of the process: for a command that enters a container, the re-execution
// of runtime/init/sealed_self.h, before the C library starts. Its start-up executes dozens of
// CPUID instructions, each of which leaves a virtual machine: half a millisecond that a process
// which only executes the next one need not spend (docs/performance.md).
//
// Nothing is ready here: no relocation, no thread pointer, so neither tables of pointers nor any
// function of a library. Whatever fails is left to seal_self, which tries again from main, falls
// back to a copy and says what is wrong: it alone decides.
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "runtime/init/seal_number.h"
#include "sys/raw_syscall.h"

namespace {

using myrt::sys::raw_syscall;

long address(const void* pointer) { return reinterpret_cast<long>(pointer); }

bool equal(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

// Any argument counts: where the command stands is for the parser to know, and an id of that name
// costs no more than a needless execution.
bool may_enter_container(char* const* argv) {
  for (; *argv != nullptr; ++argv) {
    if (equal(*argv, "run") || equal(*argv, "create") || equal(*argv, "exec")) return true;
  }
  return false;
}

}  // namespace

extern "C" __attribute__((visibility("hidden"))) void myrt_seal_early(long* stack) {
  char** argv = reinterpret_cast<char**>(stack + 1);
  char** envp = argv + *stack + 1;
  if (!may_enter_container(argv)) return;
  const char* self = "/proc/self/exe";
  struct statfs filesystem;
  if (raw_syscall(SYS_statfs, address(self), address(&filesystem)) != 0) return;
  if ((filesystem.f_flags & ST_RDONLY) != 0) return;  // this is the sealed one
  const long tree =
      raw_syscall(SYS_open_tree, AT_FDCWD, address(self), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) return;
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (raw_syscall(SYS_mount_setattr, tree, address(""), AT_EMPTY_PATH, address(&attributes),
                  sizeof attributes) == 0) {
    // Not closed by execve, which would wait for it: see take_seal.
    const long kept = raw_syscall(SYS_fcntl, tree, F_DUPFD, myrt::init::kLowestSealFd);
    raw_syscall(SYS_execveat, kept < 0 ? tree : kept, address(""), address(argv), address(envp),
                AT_EMPTY_PATH);
    if (kept >= 0) raw_syscall(SYS_close, kept, 0);
  }
  raw_syscall(SYS_close, tree, 0);
}

// The kernel enters with the argument count on top of the stack, and in rdx what _start registers
// with atexit.
asm(".pushsection .text\n"
    ".globl myrt_entry\n"
    ".hidden myrt_entry\n"
    ".type myrt_entry, @function\n"
    "myrt_entry:\n"
    "  endbr64\n"
    "  mov %rsp, %rdi\n"
    "  push %rdx\n"
    "  push %rdx\n"
    "  call myrt_seal_early\n"
    "  pop %rdx\n"
    "  pop %rdx\n"
    "  jmp _start\n"
    ".size myrt_entry, . - myrt_entry\n"
    ".popsection\n");
