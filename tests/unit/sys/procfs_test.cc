#include "sys/procfs.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "sys/files.h"
#include "sys/host_facts.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/sys/child.h"

namespace myrt::sys {
namespace {

std::string stat_line(const std::string& name, const std::string& start_time = "4711") {
  return "17 (" + name + ") S 3 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 " + start_time +
         " 99 98 97\n";
}

TEST_CASE("the start time is field 22 whatever the process calls itself", "[sys][procfs]") {
  const std::string name = GENERATE(as<std::string>(), "sh", "", "a b", "a) R 1 (b", ")", "((",
                                    "))", ") S 9 9 9 9 9", "new\nline", "\xff\xfe");
  INFO(name);

  const Result<ProcessStat> stat = parse_process_stat(stat_line(name));

  REQUIRE(stat.ok());
  CHECK(stat->state == 'S');
  CHECK(stat->parent_pid == 3);
  CHECK(stat->start_time_ticks == 4711);
}

TEST_CASE("the largest start time is exact", "[sys][procfs]") {
  CHECK(parse_process_stat(stat_line("a", "18446744073709551615"))->start_time_ticks ==
        18446744073709551615ULL);
  CHECK_FALSE(parse_process_stat(stat_line("a", "18446744073709551616")).ok());
}

TEST_CASE("a broken stat is refused", "[sys][procfs]") {
  const std::string text =
      GENERATE(as<std::string>(), "", "\n", "17", "17 (a", "17 (a)", "17 (a) ", "17 (a) S",
               "17 (a) S x", "17 (a) SS 3", "17 (a) S 3 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
               "17 (a) S 3 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ",
               "17 (a) S 3 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 x 1", "17 (a)S 3 17");
  INFO(text);

  CHECK(parse_process_stat(text).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a process's stat is that of the process", "[sys][procfs]") {
  const Result<std::optional<ProcessStat>> stat = read_process_stat(::getpid());

  REQUIRE(stat.ok());
  REQUIRE(stat->has_value());
  CHECK((*stat)->parent_pid == ::getppid());
  CHECK((*stat)->state == 'R');
  CHECK((*stat)->start_time_ticks > 0);
}

TEST_CASE("a zombie has a stat and a reaped process has none", "[sys][procfs]") {
  Result<std::optional<ChildProcess>> child = clone3({});
  REQUIRE(child.ok());
  if (!child->has_value()) ::_exit(0);
  const pid_t pid = (*child)->pid();
  REQUIRE(*wait_for_exit((*child)->pidfd(), std::nullopt));

  CHECK((*read_process_stat(pid))->state == 'Z');
  REQUIRE((*child)->wait().ok());
  CHECK_FALSE(read_process_stat(pid)->has_value());
}

TEST_CASE("mountinfo is read with its escapes and tags", "[sys][procfs]") {
  const Result<std::vector<MountInfo>> mounts = parse_mountinfo(
      "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
      "37 36 0:5 / /with\\040blank\\011tab\\012line\\134slash ro shared:7 master:2 unbindable - "
      "fuse.sshfs host:/a\\040b rw\n"
      "38 36 0:6 / / rw - tmpfs  rw,size=1k\n"
      "39 36 0:7 /../.. /a rw - cgroup2 none rw\n");

  REQUIRE(mounts.ok());
  REQUIRE(mounts->size() == 4);
  const MountInfo& first = (*mounts)[0];
  CHECK(first.id == 36);
  CHECK(first.parent_id == 35);
  CHECK(first.root == "/mnt1");
  CHECK(first.mount_point == "/mnt2");
  CHECK(first.options == "rw,noatime");
  CHECK(first.propagation == "master:1");
  CHECK(first.fstype == "ext3");
  CHECK(first.source == "/dev/root");
  CHECK(first.super_options == "rw,errors=continue");
  CHECK((*mounts)[1].mount_point == "/with blank\ttab\nline\\slash");
  CHECK((*mounts)[1].propagation == "shared:7 master:2 unbindable");
  CHECK((*mounts)[1].source == "host:/a b");
  CHECK((*mounts)[2].propagation.empty());
  CHECK((*mounts)[2].source.empty());
  CHECK((*mounts)[2].super_options == "rw,size=1k");
  CHECK((*mounts)[3].root == "/../..");
}

TEST_CASE("half an escape stays as it is", "[sys][procfs]") {
  const Result<std::vector<MountInfo>> mounts =
      parse_mountinfo("1 2 0:1 /\\04 /\\089\\ rw - tmpfs \\04 rw");

  REQUIRE(mounts.ok());
  CHECK((*mounts)[0].root == "/\\04");
  CHECK((*mounts)[0].mount_point == "/\\089\\");
  CHECK((*mounts)[0].source == "\\04");
}

TEST_CASE("broken mountinfo lines are refused and shown", "[sys][procfs]") {
  const std::string line =
      GENERATE(as<std::string>(), "x", "1", "1 2", "x 2 0:1 / / rw - a b c", "1 x 0:1 / / rw - a b",
               "1 2 3 / / rw - a b c", "1 2 0:1 / / rw", "1 2 0:1 / / rw shared:1 tmpfs none rw",
               "1 2 0:1  / rw - a b c", "1 2 0:1 /  rw - a b c", "1 2 0:1 / / rw - ", "-", " ");
  INFO(line);

  const Result<std::vector<MountInfo>> mounts = parse_mountinfo(line + "\n");

  REQUIRE_FALSE(mounts.ok());
  CHECK(mounts.error().message == "mountinfo: malformed line `" + line + "`");
}

TEST_CASE("this process's own mountinfo and cgroups are understood", "[sys][procfs]") {
  CHECK_FALSE(parse_mountinfo(*read_file("/proc/self/mountinfo"))->empty());
  CHECK(parse_process_cgroups(*read_file("/proc/self/cgroup")).ok());
  CHECK(parse_mountinfo("")->empty());
  CHECK(parse_process_cgroups("")->empty());
}

TEST_CASE("cgroup lines of all three kinds are read", "[sys][procfs]") {
  const Result<std::vector<ProcessCgroup>> cgroups = parse_process_cgroups(
      "12:cpu,cpuacct:/docker/a:b\n1:name=systemd:/\n0::/user.slice/my app (deleted)\n");

  REQUIRE(cgroups.ok());
  REQUIRE(cgroups->size() == 3);
  CHECK((*cgroups)[0].controllers == std::vector<std::string>{"cpu", "cpuacct"});
  CHECK((*cgroups)[0].path == "/docker/a:b");
  CHECK((*cgroups)[1].controllers == std::vector<std::string>{"name=systemd"});
  CHECK((*cgroups)[2].controllers.empty());
  CHECK((*cgroups)[2].path == "/user.slice/my app (deleted)");
}

TEST_CASE("broken cgroup lines are refused", "[sys][procfs]") {
  const std::string line = GENERATE(as<std::string>(), "x", "1", "1:", "1:cpu",
                                    "1:cpu:", "1:cpu:relative", ":cpu:/", "x:cpu:/", "-1:cpu:/");
  INFO(line);

  CHECK(parse_process_cgroups(line).error().message == "cgroup: malformed line `" + line + "`");
}

TEST_CASE("a procfs file is read and written", "[sys][procfs]") {
  const Result<Procfs> procfs = Procfs::open();
  REQUIRE(procfs.ok());
  const std::string name = "procfs-test";

  REQUIRE(procfs->write("self/comm", name).ok());

  CHECK(*procfs->read("self/comm") == name + "\n");
  CHECK(*procfs->read(fmt::format("{}/comm", ::getpid())) == name + "\n");
}

TEST_CASE("a table that comes in pieces is read to its end", "[sys][procfs]") {
  // Neighbours that may not be merged: each has a line of its own in maps, of 50 bytes and more.
  constexpr std::size_t kMappings = 200;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  char* memory = static_cast<char*>(
      ::mmap(nullptr, 2 * kMappings * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  REQUIRE(memory != MAP_FAILED);
  for (std::size_t i = 0; i < kMappings; ++i) {
    REQUIRE(::mprotect(memory + 2 * i * page, page, PROT_READ) == 0);
  }

  const auto maps = Procfs::open()->read("self/maps");
  ::munmap(memory, 2 * kMappings * page);

  REQUIRE(maps.ok());
  CHECK(std::count(maps->begin(), maps->end(), '\n') > 2 * static_cast<std::ptrdiff_t>(kMappings));
  CHECK(maps->find("[stack]") != std::string::npos);
}

TEST_CASE("errors of procfs files name the whole path", "[sys][procfs]") {
  const Result<Procfs> procfs = Procfs::open();
  REQUIRE(procfs.ok());

  CHECK(procfs->write("self/oom_score_adj", "x").error().message ==
        "write `x` to `/proc/self/oom_score_adj`: invalid argument");
  CHECK(procfs->read("self/missing").error().message ==
        "open `/proc/self/missing`: no such file or directory");
}

TEST_CASE("a procfs path leads nowhere else", "[sys][procfs][CVE-2019-16884]") {
  const Result<Procfs> procfs = Procfs::open();
  REQUIRE(procfs.ok());

  CHECK_FALSE(procfs->open_at("../etc/passwd", O_RDONLY).ok());
  CHECK_FALSE(procfs->open_at("/etc/passwd", O_RDONLY).ok());
  for (const char* path : {"self/root/etc/passwd", "self/cwd", "self/exe", "self/fd/0"}) {
    INFO(path);
    CHECK(procfs->open_at(path, O_PATH).error().errno_value == ELOOP);
  }
}

bool bind_over(const std::string& source, const std::string& target) {
  return ::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

TEST_CASE("an over-mounted file is read from a private procfs", "[sys][procfs][CVE-2025-52881]") {
  const test::TempDir dir;
  const std::string fake = dir.write("fake", "fake");

  const std::string text = test::run_in_child(CLONE_NEWUSER | CLONE_NEWNS, [&]() -> std::string {
    if (!bind_over(fake, "/proc/version")) return test::kNoNamespaces;
    const Result<Procfs> procfs = Procfs::open();
    if (!procfs.ok()) return procfs.error().message;
    const Result<std::string> version = procfs->read("version");
    return version.ok() ? *version : version.error().message;
  });
  if (text == test::kNoNamespaces) {
    WARN(text);
    return;
  }

  // Either the kernel gave a private instance, or nothing was read; never the fake.
  INFO(text);
  CHECK((text.starts_with("Linux version ") ||
         text.starts_with("open `/proc/version`: invalid cross-device link (something is mounted "
                          "over it, and no private procfs: ")));
}

// In a new user namespace: gives the process, whose ids outside are `ids`, the ids 0 inside.
bool map_to_root(std::pair<uid_t, gid_t> ids) {
  return write_kernel_file_at(AT_FDCWD, "/proc/self/setgroups", "deny").ok() &&
         write_kernel_file_at(AT_FDCWD, "/proc/self/uid_map", fmt::format("0 {} 1", ids.first))
             .ok() &&
         write_kernel_file_at(AT_FDCWD, "/proc/self/gid_map", fmt::format("0 {} 1", ids.second))
             .ok();
}

TEST_CASE("an over-mount that cannot be avoided is an error", "[sys][procfs][CVE-2025-52881]") {
  const test::TempDir dir;
  const std::string fake = dir.write("fake", "fake");
  const std::pair<uid_t, gid_t> ids = {::geteuid(), ::getegid()};

  const std::string text = test::run_in_child(CLONE_NEWUSER | CLONE_NEWNS, [&]() -> std::string {
    if (!bind_over(fake, "/proc/version")) return test::kNoNamespaces;
    // Who is not mapped may not make another user namespace.
    if (!map_to_root(ids)) return test::kNoNamespaces;
    // One namespace further down the mount is locked, and a new procfs not allowed.
    return test::run_in_child(CLONE_NEWUSER | CLONE_NEWNS, []() -> std::string {
      const Result<Procfs> procfs = Procfs::open();
      if (!procfs.ok()) return procfs.error().message;
      return test::outcome(procfs->read("version"));
    });
  });
  if (text == test::kNoNamespaces) {
    WARN(text);
    return;
  }

  INFO(text);
  CHECK(
      text.starts_with("open `/proc/version`: invalid cross-device link (something is mounted "
                       "over it, and no private procfs: "));
}

TEST_CASE("a /proc that is no procfs is refused", "[sys][procfs][CVE-2019-16884]") {
  const test::TempDir dir;
  const std::string source = GENERATE(as<std::string>(), "", "/proc/sys");

  const std::string text = test::run_in_child(CLONE_NEWUSER | CLONE_NEWNS, [&]() -> std::string {
    if (!bind_over(source.empty() ? dir.path() : source, "/proc")) return test::kNoNamespaces;
    return test::outcome(Procfs::open());
  });
  if (text == test::kNoNamespaces) {
    WARN(text);
    return;
  }

  CHECK(text == "`/proc`: is not the root of a procfs");
}

TEST_CASE("the initial user namespace is told by its map", "[sys][host_facts]") {
  CHECK(is_initial_uid_map("         0          0 4294967295\n"));
  CHECK(is_initial_uid_map("0 0 4294967295"));
  CHECK_FALSE(is_initial_uid_map(""));
  CHECK_FALSE(is_initial_uid_map("         0       1000          1\n"));
  CHECK_FALSE(is_initial_uid_map("         0          0 65536\n"));
  CHECK_FALSE(is_initial_uid_map("0 0 4294967295\n1 1 1\n"));
  CHECK_FALSE(is_initial_uid_map("0 0 42949672950\n"));
}

TEST_CASE("a new user namespace is not the initial one", "[sys][host_facts]") {
  const std::string text = test::run_in_child(CLONE_NEWUSER, []() -> std::string {
    const Result<Procfs> procfs = Procfs::open();
    if (!procfs.ok()) return procfs.error().message;
    const Result<bool> initial = in_initial_user_namespace(*procfs);
    if (!initial.ok()) return initial.error().message;
    return *initial ? "initial" : "other";
  });
  if (text == test::kNoNamespaces) {
    WARN(text);
    return;
  }

  CHECK(text == "other");
}

}  // namespace
}  // namespace myrt::sys
