// The physical floor of `run`: the system calls that the measured container cannot do without, with
// no config to read, no state to keep, no path to distrust and no error to explain. It makes what
// bundles.py describes; whoever changes one changes the other.
//
//   floor simple|docker v1|v2 ROOTFS NAME FILES FILTER
// NAME is the cgroup at the top of every hierarchy under /sys/fs/cgroup, FILES the directory of
// the files that the docker-like container has bound, FILTER its program for seccomp(2).
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr unsigned kTree = MS_NOSUID | MS_NOEXEC | MS_NODEV;
constexpr const char* kHierarchies[] = {"cpu",     "cpuacct", "cpuset", "memory", "devices",
                                        "freezer", "blkio",   "pids",   "systemd"};
constexpr const char* kMasked[] = {"/proc/acpi",        "/proc/asound",        "/proc/kcore",
                                   "/proc/keys",        "/proc/latency_stats", "/proc/timer_list",
                                   "/proc/timer_stats", "/proc/sched_debug",   "/sys/firmware",
                                   "/proc/scsi"};
constexpr const char* kReadOnly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                     "/proc/sysrq-trigger"};

struct Device {
  const char* name;
  unsigned major, minor;
};
constexpr Device kDevices[] = {{"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
                               {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};

// What a container may open: every mknod, the devices above, pseudo terminals.
constexpr int kAny = -1;
struct DeviceRule {
  int type;  // BPF_DEVCG_DEV_*
  int major, minor;
  const char* access;
};
constexpr DeviceRule kDeviceRules[] = {
    {BPF_DEVCG_DEV_CHAR, kAny, kAny, "m"}, {BPF_DEVCG_DEV_BLOCK, kAny, kAny, "m"},
    {BPF_DEVCG_DEV_CHAR, 1, 3, "rwm"},     {BPF_DEVCG_DEV_CHAR, 1, 5, "rwm"},
    {BPF_DEVCG_DEV_CHAR, 1, 7, "rwm"},     {BPF_DEVCG_DEV_CHAR, 1, 8, "rwm"},
    {BPF_DEVCG_DEV_CHAR, 1, 9, "rwm"},     {BPF_DEVCG_DEV_CHAR, 5, 0, "rwm"},
    {BPF_DEVCG_DEV_CHAR, 5, 2, "rwm"},     {BPF_DEVCG_DEV_CHAR, 136, kAny, "rwm"}};
// CAP_KILL, CAP_NET_BIND_SERVICE, CAP_AUDIT_WRITE; and the 14 that container engines give.
constexpr std::uint32_t kSimpleCapabilities = 1U << 5 | 1U << 10 | 1U << 29;
constexpr std::uint32_t kDockerCapabilities = 0xa80425fb;

struct Container {
  bool docker, v2;
  std::string rootfs, name, files, filter;
};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "floor: %s: %s\n", what, std::strerror(errno));
  ::_exit(1);
}
int need(long result, const char* what) {
  if (result < 0) fail(what);
  return static_cast<int>(result);
}

std::string directory_of(const char* hierarchy, const Container& container) {
  if (container.v2) return "/sys/fs/cgroup/" + container.name;
  return std::string("/sys/fs/cgroup/") + hierarchy + "/" + container.name;
}

void write_file(const std::string& path, const std::string& text) {
  const int fd = need(::open(path.c_str(), O_WRONLY | O_CLOEXEC), path.c_str());
  need(::write(fd, text.data(), text.size()), path.c_str());
  ::close(fd);
}

void copy_from_parent(const std::string& directory, const char* file) {
  std::array<char, 256> text{};
  const int fd = need(::open((directory + "/../" + file).c_str(), O_RDONLY | O_CLOEXEC), file);
  const int size = need(::read(fd, text.data(), text.size()), file);
  ::close(fd);
  write_file(directory + "/" + file, std::string(text.data(), static_cast<std::size_t>(size)));
}

// --- the device filter ---------------------------------------------------------------------------

void write_device_rules(const std::string& directory) {
  write_file(directory + "/devices.deny", "a");
  const int fd =
      need(::open((directory + "/devices.allow").c_str(), O_WRONLY | O_CLOEXEC), "devices.allow");
  for (const DeviceRule& rule : kDeviceRules) {
    const auto text = [](int n) { return n == kAny ? "*" : std::to_string(n); };
    const std::string line = std::string(rule.type == BPF_DEVCG_DEV_CHAR ? "c " : "b ") +
                             text(rule.major) + ":" + text(rule.minor) + " " + rule.access;
    need(::write(fd, line.data(), line.size()), "devices.allow");
  }
  ::close(fd);
}

using Program = std::vector<bpf_insn>;

bpf_insn instruction(unsigned code, unsigned to, unsigned from, int offset, int value) {
  bpf_insn result{};
  result.code = static_cast<std::uint8_t>(code);
  result.dst_reg = static_cast<std::uint8_t>(to & 15U);
  result.src_reg = static_cast<std::uint8_t>(from & 15U);
  result.off = static_cast<std::int16_t>(offset);
  result.imm = value;
  return result;
}

// r2 type, r3 access, r4 major, r5 minor; every rule that does not match falls to the next.
Program device_program() {
  constexpr unsigned kLoad = BPF_LDX | BPF_MEM | BPF_W, kMove = BPF_ALU | BPF_MOV;
  Program program = {instruction(kLoad, 2, 1, 0, 0),
                     instruction(BPF_ALU | BPF_MOV | BPF_X, 3, 2, 0, 0),
                     instruction(BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff),
                     instruction(BPF_ALU | BPF_RSH | BPF_K, 3, 0, 0, 16),
                     instruction(kLoad, 4, 1, 4, 0),
                     instruction(kLoad, 5, 1, 8, 0)};
  for (const DeviceRule& rule : kDeviceRules) {
    Program tests = {instruction(BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0, rule.type)};
    if (rule.access[1] == '\0')
      tests.push_back(instruction(BPF_JMP | BPF_JNE | BPF_K, 3, 0, 0, BPF_DEVCG_ACC_MKNOD));
    if (rule.major != kAny)
      tests.push_back(instruction(BPF_JMP | BPF_JNE | BPF_K, 4, 0, 0, rule.major));
    if (rule.minor != kAny)
      tests.push_back(instruction(BPF_JMP | BPF_JNE | BPF_K, 5, 0, 0, rule.minor));
    for (std::size_t i = 0; i < tests.size(); ++i) {
      tests[i].off = static_cast<std::int16_t>(tests.size() - i + 1);
      program.push_back(tests[i]);
    }
    program.push_back(instruction(kMove | BPF_K, 0, 0, 0, 1));
    program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  }
  program.push_back(instruction(kMove | BPF_K, 0, 0, 0, 0));
  program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  return program;
}

void attach_device_program(int cgroup) {
  const Program program = device_program();
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = reinterpret_cast<std::uint64_t>(program.data());
  load.insn_cnt = static_cast<std::uint32_t>(program.size());
  load.license = reinterpret_cast<std::uint64_t>("");
  bpf_attr attach{};
  attach.attach_bpf_fd = static_cast<std::uint32_t>(
      need(::syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load), "bpf load"));
  attach.target_fd = static_cast<std::uint32_t>(cgroup);
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  need(::syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach), "bpf attach");
}

// --- cgroups -------------------------------------------------------------------------------------

// Returns the cgroup2 directory, to be born into, or -1.
int make_cgroups(const Container& container) {
  if (container.v2) {
    const std::string directory = directory_of("", container);
    need(::mkdir(directory.c_str(), 0755), "mkdir cgroup");
    const int fd =
        need(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open cgroup");
    attach_device_program(fd);
    return fd;
  }
  for (const char* hierarchy : kHierarchies) {
    const std::string directory = directory_of(hierarchy, container);
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != ENOENT) fail("mkdir cgroup");
  }
  copy_from_parent(directory_of("cpuset", container), "cpuset.cpus");
  copy_from_parent(directory_of("cpuset", container), "cpuset.mems");
  write_device_rules(directory_of("devices", container));
  if (container.docker) {
    write_file(directory_of("memory", container) + "/memory.limit_in_bytes", "536870912");
    write_file(directory_of("cpu", container) + "/cpu.shares", "512");
    write_file(directory_of("pids", container) + "/pids.max", "256");
  }
  return -1;
}

// A thread that moves itself does not wait for an RCU grace period, as a write of cgroup.procs
// does.
void join_cgroups(const Container& container) {
  if (container.v2) return;
  for (const char* hierarchy : kHierarchies) {
    const std::string tasks = directory_of(hierarchy, container) + "/tasks";
    const int fd = ::open(tasks.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) continue;
    need(::write(fd, "0", 1), "join cgroup");
    ::close(fd);
  }
}

void remove_cgroups(const Container& container) {
  if (container.v2) {
    need(::rmdir(directory_of("", container).c_str()), "rmdir cgroup");
    return;
  }
  for (const char* hierarchy : kHierarchies) {
    if (::rmdir(directory_of(hierarchy, container).c_str()) != 0 && errno != ENOENT)
      fail("rmdir cgroup");
  }
}

// --- the container -------------------------------------------------------------------------------

void mount_at(const char* source, const char* target, const char* type, unsigned long flags,
              const char* data) {
  need(::mount(source, target, type, flags, data), target);
}

void bind(const char* source, const char* target, unsigned long flags) {
  mount_at(source, target, nullptr, MS_BIND | MS_REC, nullptr);
  mount_at(nullptr, target, nullptr, MS_REMOUNT | MS_BIND | flags, nullptr);
}

void mount_cgroups(const Container& container) {
  if (container.v2) {
    bind(directory_of("", container).c_str(), "sys/fs/cgroup", MS_RDONLY | kTree);
    return;
  }
  mount_at("tmpfs", "sys/fs/cgroup", "tmpfs", kTree, "mode=755");
  for (const char* hierarchy : kHierarchies) {
    const std::string target = std::string("sys/fs/cgroup/") + hierarchy;
    const std::string source = directory_of(hierarchy, container);
    need(::mkdir(target.c_str(), 0755), target.c_str());
    if (::access(source.c_str(), F_OK) == 0)
      bind(source.c_str(), target.c_str(), MS_RDONLY | kTree);
  }
  mount_at(nullptr, "sys/fs/cgroup", nullptr, MS_REMOUNT | MS_RDONLY | kTree, nullptr);
}

void mount_everything(const Container& container) {
  mount_at(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr);
  mount_at(container.rootfs.c_str(), container.rootfs.c_str(), nullptr, MS_BIND | MS_REC, nullptr);
  need(::chdir(container.rootfs.c_str()), "chdir");
  mount_at("proc", "proc", "proc", 0, nullptr);
  mount_at("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
  for (const char* directory : {"dev/pts", "dev/shm", "dev/mqueue"})
    need(::mkdir(directory, 0755), directory);
  mount_at("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
           "newinstance,ptmxmode=0666,mode=0620,gid=5");
  mount_at("shm", "dev/shm", "tmpfs", kTree, "mode=1777,size=65536k");
  mount_at("mqueue", "dev/mqueue", "mqueue", kTree, nullptr);
  mount_at("sysfs", "sys", "sysfs", kTree | MS_RDONLY, nullptr);
  mount_cgroups(container);
  if (container.docker) {
    for (const char* name : {"hosts", "hostname", "resolv.conf"}) {
      mount_at((container.files + "/" + name).c_str(), (std::string("etc/") + name).c_str(),
               nullptr, MS_BIND | MS_REC, nullptr);
      mount_at(nullptr, (std::string("etc/") + name).c_str(), nullptr, MS_REC | MS_PRIVATE,
               nullptr);
    }
  }
  for (const Device& device : kDevices) {
    need(::mknod(device.name, S_IFCHR | 0666, makedev(device.major, device.minor)), device.name);
  }
  constexpr const char* kLinks[][2] = {{"/proc/self/fd", "dev/fd"},
                                       {"/proc/self/fd/0", "dev/stdin"},
                                       {"/proc/self/fd/1", "dev/stdout"},
                                       {"/proc/self/fd/2", "dev/stderr"},
                                       {"pts/ptmx", "dev/ptmx"}};
  for (const auto& link : kLinks) need(::symlink(link[0], link[1]), link[1]);
}

void hide(const char* path) {
  if (::mount("/dev/null", path, nullptr, MS_BIND, nullptr) == 0 || errno == ENOENT) return;
  if (errno != ENOTDIR) fail(path);
  mount_at("tmpfs", path, "tmpfs", MS_RDONLY, nullptr);
}

void enter_root() {
  need(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  need(::umount2(".", MNT_DETACH), "umount2");
  need(::chdir("/"), "chdir");
  for (const char* path : kMasked) hide(path);
  for (const char* path : kReadOnly) {
    if (::mount(path, path, nullptr, MS_BIND | MS_REC, nullptr) != 0) {
      if (errno == ENOENT) continue;
      fail(path);
    }
    mount_at(nullptr, path, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr);
  }
  mount_at(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr);
}

void raise_loopback() {
  const int fd = need(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  need(::ioctl(fd, SIOCSIFFLAGS, &request), "lo");
  ::close(fd);
}

void drop_privileges(bool docker) {
  const std::uint32_t kept = docker ? kDockerCapabilities : kSimpleCapabilities;
  need(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  for (unsigned number = 0; number <= CAP_LAST_CAP; ++number) {
    if (number < 32 && (kept & 1U << number) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0 && errno != EINVAL) fail("bounding");
  }
  need(::syscall(SYS_setgroups, 0, nullptr), "setgroups");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {{kept, kept, 0}, {0, 0, 0}};
  need(::syscall(SYS_capset, &header, sets), "capset");
}

// Read while the host's files can be reached, loaded at the end.
struct Filter {
  std::array<sock_filter, 4096> instructions;
  sock_fprog program{};

  void read(const std::string& path) {
    const int fd = need(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "filter");
    const int size = need(::read(fd, instructions.data(), sizeof instructions), "filter");
    ::close(fd);
    program.len = static_cast<unsigned short>(static_cast<std::size_t>(size) / sizeof(sock_filter));
    program.filter = instructions.data();
  }
  void load() { need(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp"); }
};

[[noreturn]] void become_payload(const Container& container) {
  Filter filter;
  join_cgroups(container);
  ::setsid();
  need(::sethostname("bench", 5), "sethostname");
  raise_loopback();
  if (container.docker) filter.read(container.filter);
  mount_everything(container);
  enter_root();
  const rlimit files{1024, container.docker ? 2048UL : 1024UL};
  need(::setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
  drop_privileges(container.docker);
  if (container.docker) filter.load();
  char program[] = "/payload";
  char* const argv[] = {program, nullptr};
  char path[] = "PATH=/bin";
  char* const environment[] = {path, nullptr};
  ::execve(program, argv, environment);
  fail("execve");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fputs("usage: floor simple|docker v1|v2 ROOTFS NAME FILES FILTER\n", stderr);
    return 2;
  }
  const Container container{std::strcmp(argv[1], "docker") == 0,
                            std::strcmp(argv[2], "v2") == 0,
                            argv[3],
                            argv[4],
                            argv[5],
                            argv[6]};
  const int cgroup = make_cgroups(container);
  clone_args arguments{};
  arguments.flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
  arguments.exit_signal = SIGCHLD;
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  const int pid = need(::syscall(SYS_clone3, &arguments, sizeof arguments), "clone3");
  if (pid == 0) become_payload(container);
  int status = 0;
  need(::waitpid(pid, &status, 0), "waitpid");
  remove_cgroups(container);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
