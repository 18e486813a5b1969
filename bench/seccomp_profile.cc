// The seccomp profile of the docker-like configuration, of the size and the shape of the one that
// container engines ship: what libseccomp knows for x86 minus what a container has no business
// with, and a few rules with arguments.
//
//   seccomp_profile names            the names that are allowed, one per line
//   seccomp_profile filter FILE      the same as a program for seccomp(2), for the floor
#include <fcntl.h>
#include <seccomp.h>
#include <sys/personality.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

namespace {

constexpr const char* kRefused[] = {"acct",
                                    "add_key",
                                    "bpf",
                                    "clock_adjtime",
                                    "clock_settime",
                                    "clone",
                                    "clone3",
                                    "create_module",
                                    "delete_module",
                                    "fanotify_init",
                                    "finit_module",
                                    "fsconfig",
                                    "fsmount",
                                    "fsopen",
                                    "fspick",
                                    "get_kernel_syms",
                                    "get_mempolicy",
                                    "init_module",
                                    "ioperm",
                                    "iopl",
                                    "kcmp",
                                    "kexec_file_load",
                                    "kexec_load",
                                    "keyctl",
                                    "lookup_dcookie",
                                    "mbind",
                                    "mount",
                                    "mount_setattr",
                                    "move_mount",
                                    "move_pages",
                                    "nfsservctl",
                                    "open_by_handle_at",
                                    "open_tree",
                                    "perf_event_open",
                                    "personality",
                                    "pivot_root",
                                    "process_vm_readv",
                                    "process_vm_writev",
                                    "ptrace",
                                    "query_module",
                                    "quotactl",
                                    "quotactl_fd",
                                    "reboot",
                                    "request_key",
                                    "set_mempolicy",
                                    "setdomainname",
                                    "sethostname",
                                    "setns",
                                    "settimeofday",
                                    "socket",
                                    "stime",
                                    "swapoff",
                                    "swapon",
                                    "_sysctl",
                                    "sysfs",
                                    "syslog",
                                    "umount",
                                    "umount2",
                                    "unshare",
                                    "uselib",
                                    "userfaultfd",
                                    "ustat",
                                    "vhangup",
                                    "vm86",
                                    "vm86old"};
constexpr unsigned kNamespaceFlags = 0x7e020000;  // CLONE_NEW*
constexpr unsigned kVsock = 40;

std::set<std::string> allowed_names() {
  constexpr int kLastNumber = 600;
  std::set<std::string> names;
  for (const unsigned architecture : {unsigned{SCMP_ARCH_X86_64}, unsigned{SCMP_ARCH_X86}}) {
    for (int number = 0; number < kLastNumber; ++number) {
      char* name = seccomp_syscall_resolve_num_arch(architecture, number);
      if (name != nullptr) names.insert(name);
      std::free(name);
    }
  }
  for (const char* name : kRefused) names.erase(name);
  return names;
}

void print_names() {
  for (const std::string& name : allowed_names()) std::puts(name.c_str());
}

void check(int result, const char* what) {
  if (result >= 0) return;
  std::fprintf(stderr, "seccomp_profile: %s: %s\n", what, std::strerror(-result));
  std::exit(1);
}

void add_argument_rules(scmp_filter_ctx filter) {
  for (const unsigned long persona : {0UL, 8UL, 0x20000UL, 0x20008UL, 0xffffffffUL}) {
    check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(personality), 1,
                           SCMP_A0(SCMP_CMP_EQ, persona)),
          "personality");
  }
  check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, kVsock)),
        "socket");
  check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                         SCMP_A0(SCMP_CMP_MASKED_EQ, kNamespaceFlags, 0)),
        "clone");
  check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(38), SCMP_SYS(clone3), 0), "clone3");
}

void write_filter(const char* path) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(1));
  if (filter == nullptr) std::exit(1);
  check(seccomp_arch_add(filter, SCMP_ARCH_X86), "x86");
  check(seccomp_arch_add(filter, SCMP_ARCH_X32), "x32");
  for (const std::string& name : allowed_names()) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number != __NR_SCMP_ERROR)
      check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0), name.c_str());
  }
  add_argument_rules(filter);
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  check(fd < 0 ? -errno : 0, path);
  check(seccomp_export_bpf(filter, fd), "export");
  ::close(fd);
  seccomp_release(filter);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "names") == 0) {
    print_names();
  } else if (argc == 3 && std::strcmp(argv[1], "filter") == 0) {
    write_filter(argv[2]);
  } else {
    std::fputs("usage: seccomp_profile names | filter FILE\n", stderr);
    return 2;
  }
}
