#include "tests/integration/container_fixture.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "mounts/apply.h"
#include "sys/credentials.h"
#include "sys/files.h"
#include "sys/process.h"
#include "tests/support/catch.h"

namespace myrt::test {
namespace {

using sys::UniqueFd;

struct Pipe {
  UniqueFd read, write;
};

Pipe make_pipe() {
  int fds[2] = {-1, -1};
  if (::pipe2(fds, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<> call(int result, const char* name) {
  if (result == 0) return {};
  return errno_error(name, name);
}

Result<> become_a_host() {
  TRY(call(::unshare(CLONE_NEWNS), "unshare"));
  TRY(sys::mount("", "/", "", MS_REC | MS_PRIVATE, ""));
  return sys::mount("", "/", "", MS_REC | MS_SHARED, "");
}

Result<std::string> run_init(const ContainerFixture& fixture, const mounts::Plan& plan,
                             mounts::Sources& sources,
                             const std::function<std::string(const mounts::Root&)>& inside) {
  if (fixture.users == Users::mapped) {
    TRY(sys::set_groups({}));
    TRY(sys::set_resgid(0));
    TRY(sys::set_resuid(0));
  }
  if (fixture.opener == Opener::init) sources = TRY(mounts::open_sources_in_init(plan));
  const mounts::Root root = TRY(mounts::prepare_root(plan, sources));
  TRY(mounts::apply(plan, sources, root));
  fixture.before_enter();
  TRY(mounts::enter_root(plan, root));
  TRY(mounts::hide_paths(plan, sources, root));
  TRY(mounts::finish_root(plan, root));
  return inside(root);
}

Result<> write_maps(pid_t pid) {
  const std::string directory = fmt::format("/proc/{}/", pid);
  TRY(sys::write_kernel_file_at(AT_FDCWD, directory + "uid_map", "0 100000 65536"));
  return sys::write_kernel_file_at(AT_FDCWD, directory + "gid_map", "0 100000 65536");
}

Result<> map_sources(const mounts::Plan& plan, mounts::Sources& sources, pid_t pid) {
  if (!mounts::has_id_mappings(plan)) return {};
  const sys::Procfs proc = TRY(sys::Procfs::open());
  const UniqueFd userns = TRY(sys::open(fmt::format("/proc/{}/ns/user", pid), O_RDONLY));
  return mounts::apply_id_mappings(sources, plan, proc, userns.get());
}

Result<std::string> run_host(const ContainerFixture& fixture,
                             const std::function<std::string(const mounts::Root&)>& inside) {
  TRY(become_a_host());
  fixture.before_sources();
  const mounts::Plan plan = TRY(mounts::plan(fixture.spec, fixture.inputs));
  mounts::Sources sources;
  if (fixture.opener == Opener::runtime) sources = TRY(mounts::open_sources(plan));
  Pipe proceed = make_pipe();
  Pipe report = make_pipe();
  sys::CloneOptions options;
  options.flags = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS;
  if (fixture.inputs.mount_namespace == mounts::MountNamespace::created) {
    options.flags |= CLONE_NEWNS;
  }
  if (fixture.inputs.cgroup_namespace == mounts::CgroupNamespace::own) {
    options.flags |= CLONE_NEWCGROUP;
  }
  if (fixture.users == Users::mapped) options.flags |= CLONE_NEWUSER;
  std::optional<sys::ChildProcess> init = TRY(sys::clone3(options));
  if (!init) {
    proceed.write.reset();
    char byte = 0;
    const bool told = ::read(proceed.read.get(), &byte, 1) == 1;
    Result<std::string> result =
        told ? run_init(fixture, plan, sources, inside)
             : Result<std::string>(make_error(ErrorCode::protocol, "the host gave up"));
    const std::string text = result.ok() ? *result : "error: " + result.error().message;
    ignore(sys::write_all(report.write.get(), text, "report"), "the reader misses it");
    ::_exit(0);
  }
  report.write.reset();
  if (fixture.users == Users::mapped) TRY(write_maps(init->pid()));
  TRY(map_sources(plan, sources, init->pid()));
  TRY(sys::write_all(proceed.write.get(), "x", "proceed"));
  std::string text = TRY(sys::read_all(report.read.get(), "report"));
  TRY(init->wait());
  return text + fixture.on_host();
}

}  // namespace

ContainerFixture::ContainerFixture() {
  std::filesystem::create_directories(rootfs());
  // Reachable for a user namespace's root.
  std::filesystem::permissions(bundle.path(), std::filesystem::perms(0755));
  inputs.bundle = bundle.path();
  inputs.rootfs = bundle / "rootfs";
  spec.root = oci::Root{"rootfs", false};
  spec.linux = oci::Linux{};
}

void ContainerFixture::add_mount(const std::string& destination, const std::string& type,
                                 const std::string& source,
                                 const std::vector<std::string>& options) {
  oci::Mount mount;
  mount.destination = destination;
  mount.type = type;
  mount.source = source;
  mount.options = options;
  spec.mounts.push_back(mount);
}

void ContainerFixture::use_typical_config() {
  add_mount("/proc", "proc", "proc", {});
  add_mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"});
  add_mount("/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"});
  add_mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"});
  add_mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"});
  add_mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"});
  spec.linux->masked_paths = {"/proc/acpi",        "/proc/asound",        "/proc/kcore",
                              "/proc/keys",        "/proc/latency_stats", "/proc/timer_list",
                              "/proc/timer_stats", "/proc/sched_debug",   "/proc/scsi",
                              "/sys/firmware"};
  spec.linux->readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                "/proc/sysrq-trigger"};
}

std::string ContainerFixture::run(
    const std::function<std::string(const mounts::Root&)>& inside) const {
  Pipe report = make_pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid == 0) {
    Result<std::string> result = run_host(*this, inside);
    const std::string text = result.ok() ? *result : "error: " + result.error().message;
    ignore(sys::write_all(report.write.get(), text, "report"), "the reader misses it");
    ::_exit(0);
  }
  report.write.reset();
  Result<std::string> text = sys::read_all(report.read.get(), "report");
  int status = 0;
  ::waitpid(pid, &status, 0);
  return text.ok() ? *text : "error: " + text.error().message;
}

std::string mounted_at(const std::string& mount_point) {
  Result<std::string> text = sys::read_file("/proc/self/mountinfo");
  if (!text.ok()) return text.error().message;
  Result<std::vector<sys::MountInfo>> mounts = sys::parse_mountinfo(*text);
  if (!mounts.ok()) return mounts.error().message;
  std::string found;
  for (const sys::MountInfo& mount : *mounts) {
    if (mount.mount_point != mount_point) continue;
    found += fmt::format("{} {} {};", mount.fstype, mount.options, mount.propagation);
  }
  return found;
}

std::string file_text(const std::string& path) {
  Result<std::string> text = sys::read_file(path);
  return text.ok() ? *text : text.error().message;
}

std::string device_line(const std::string& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) return "missing;";
  return fmt::format("{:o} {}:{} {}:{};", status.st_mode, major(status.st_rdev),
                     minor(status.st_rdev), status.st_uid, status.st_gid);
}

std::string link_text(const std::string& path) {
  Result<std::string> text = sys::read_link_at(AT_FDCWD, path);
  return text.ok() ? *text + ";" : "no link;";
}

bool is_root() {
  if (::geteuid() == 0) return true;
  WARN("needs root");
  return false;
}

std::string try_to_write(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return errno_text(errno);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  ::close(fd);
  return written ? "" : errno_text(error);
}

}  // namespace myrt::test
