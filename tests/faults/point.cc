#include "tests/faults/point.h"

#include <seccomp.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>

namespace faults {
namespace {

constexpr std::array kLook = {EIO};
constexpr std::array kRead = {EIO, EINTR};
constexpr std::array kWrite = {EIO, ENOSPC, EINTR};
constexpr std::array kOpen = {EIO, ENOMEM, EINTR};
constexpr std::array kMake = {ENOSPC, EPERM};
constexpr std::array kRemove = {EIO, EPERM};
constexpr std::array kMemory = {ENOMEM};
constexpr std::array kMount = {EPERM, ENOMEM};
constexpr std::array kTalk = {ENOMEM, EINTR};
constexpr std::array kWait = {EINTR, ENOMEM};
constexpr std::array kPrivilege = {EPERM};
constexpr std::span<const int> kNone;

struct Calls {
  std::span<const int> errors;
  std::string_view names;  // between blanks
};

// What is in none of the lists gets EPERM.
constexpr auto kCalls = std::to_array<Calls>({
    {kNone,
     " getpid getppid gettid getuid geteuid getgid getegid umask exit exit_group rt_sigreturn "
     "set_tid_address sched_yield getpgid getsid "},
    {kLook,
     " stat fstat lstat newfstatat statx statfs fstatfs lseek readlink readlinkat access faccessat "
     "faccessat2 getcwd getdents64 close fcntl dup dup2 dup3 "},
    {kRead, " read pread64 readv getrandom "},
    {kWrite, " write pwrite64 writev ftruncate sendfile copy_file_range fallocate "},
    {kOpen, " open openat openat2 "},
    {kMake,
     " mkdir mkdirat mknod mknodat symlink symlinkat link linkat rename renameat renameat2 bind "
     "memfd_create setxattr fsetxattr fchmod fchmodat fchown fchownat lchown utimensat "},
    {kRemove, " unlink unlinkat rmdir "},
    {kMemory,
     " mmap munmap mprotect mremap brk madvise close_range eventfd2 signalfd4 pipe2 socket "
     "socketpair pidfd_open epoll_create1 "},
    {kMount,
     " mount umount2 open_tree move_mount fsopen fsconfig fsmount mount_setattr pivot_root chroot "
     "chdir fchdir clone clone3 fork vfork unshare setns execve execveat seccomp bpf "},
    {kTalk, " connect accept4 sendmsg recvmsg sendto recvfrom listen "},
    {kWait, " poll ppoll waitid wait4 flock epoll_wait nanosleep clock_nanosleep "},
});

std::span<const int> find(const std::string& name) {
  const std::string word = " " + name + " ";
  for (const Calls& calls : kCalls) {
    if (calls.names.find(word) != std::string_view::npos) return calls.errors;
  }
  return kPrivilege;
}

}  // namespace

std::string syscall_name(long number) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number)), &std::free);
  return name ? name.get() : std::to_string(number);
}

std::span<const int> errors_of(long number) {
  static std::map<long, std::span<const int>> known;
  const auto found = known.find(number);
  if (found != known.end()) return found->second;
  return known.emplace(number, find(syscall_name(number))).first->second;
}

bool is_made_in_any_case(long number) { return syscall_name(number) == "close"; }

}  // namespace faults
