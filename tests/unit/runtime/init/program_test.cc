// Finding the program, its user's HOME, and the labels it is to run under.
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include "runtime/init/executable.h"
#include "runtime/init/lsm_labels.h"
#include "runtime/init/user.h"
#include "sys/files.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace myrt::init {
namespace {

constexpr const char* kPrefix = "unable to start container process: exec: ";

sys::UniqueFd directory_fd(const std::string& path) {
  auto fd = sys::open(path, O_PATH | O_DIRECTORY);
  REQUIRE(fd.ok());
  return std::move(fd).value();
}

std::string executable(const test::TempDir& directory, const std::string& name,
                       const std::string& text) {
  const std::string path = directory.write(name, text);
  ::chmod(path.c_str(), 0755);
  return path;
}

int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST_CASE("a command is searched in the PATH of the process", "[init][PRC-09]") {
  const test::TempDir directory;
  const std::string tool = executable(directory, "second/tool", "#!/bin/sh\n");
  ::mkdir((directory / "first").c_str(), 0755);
  const std::string path =
      "PATH=" + directory / "none" + ":" + directory / "first" + ":" + directory / "second";

  CHECK(find_executable("tool", {"PATH=/nowhere", path}).value() == tool);
  CHECK(find_executable(tool, {}).value() == tool);
  CHECK(find_executable("sh", {"PATHS=/nowhere"}).value() == "/bin/sh");
}

TEST_CASE("a missing command has the engines' words", "[init][PRC-09]") {
  for (const char* name : {"nosuch", ""}) {
    const auto missing = find_executable(name, {"PATH=/bin"});
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().code == ErrorCode::executable_not_found);
    CHECK(missing.error().message ==
          std::string(kPrefix) + '"' + name + "\": executable file not found in $PATH");
    CHECK(missing.error().pointer == "/process/args/0");
  }
  const auto path = find_executable("/nosuch/x", {});
  REQUIRE_FALSE(path.ok());
  CHECK(path.error().code == ErrorCode::executable_not_found);
  CHECK(path.error().message ==
        std::string(kPrefix) + "\"/nosuch/x\": stat /nosuch/x: no such file or directory");
}

TEST_CASE("a directory or a file without the x bit is permission denied", "[init][PRC-09]") {
  const test::TempDir directory;
  const std::string data = directory.write("data", "text");
  ::chmod(data.c_str(), 0644);

  for (const std::string& path : {std::string("/etc"), data}) {
    const auto refused = find_executable(path, {});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::executable_not_permitted);
    CHECK(refused.error().message == kPrefix + init::quoted(path) + ": permission denied");
  }
  const auto searched = find_executable("data", {"PATH=" + directory.path()});
  REQUIRE_FALSE(searched.ok());
  CHECK(searched.error().code == ErrorCode::executable_not_permitted);
}

TEST_CASE("a failed execve names the interpreter that is missing", "[init][PRC-09]") {
  const test::TempDir directory;
  const std::string script = executable(directory, "script", "#! /nosuch/bash -e\n");
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
#if defined(__x86_64__)
  header.e_machine = EM_X86_64;
#else
  header.e_machine = EM_AARCH64;
#endif
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  const std::string interpreter("/nosuch/ld.so\0", 14);
  Elf64_Phdr program{};
  program.p_type = PT_INTERP;
  program.p_offset = sizeof header + sizeof program;
  program.p_filesz = interpreter.size();
  const std::string elf = std::string(reinterpret_cast<char*>(&header), sizeof header) +
                          std::string(reinterpret_cast<char*>(&program), sizeof program) +
                          interpreter;
  const std::string binary = executable(directory, "binary", elf);

  CHECK(diagnose_exec_failure(script, ENOENT).message ==
        kPrefix + init::quoted(script) + ": interpreter \"/nosuch/bash\" is missing: exec " +
            script + ": no such file or directory");
  CHECK(diagnose_exec_failure(binary, ENOENT).message ==
        kPrefix + init::quoted(binary) + ": interpreter \"/nosuch/ld.so\" is missing: exec " +
            binary + ": no such file or directory");
  CHECK(diagnose_exec_failure(script, ENOENT).code == ErrorCode::executable_not_found);
}

TEST_CASE("a file that this machine cannot execute says what it is", "[init][PRC-09]") {
  const test::TempDir directory;
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_machine = EM_S390;
  const std::string foreign = executable(
      directory, "foreign", std::string(reinterpret_cast<char*>(&header), sizeof header));
  const std::string text = executable(directory, "text", "echo hello\n");
  const std::string empty = executable(directory, "empty", "");

  CHECK(diagnose_exec_failure(foreign, ENOEXEC).message == kPrefix + init::quoted(foreign) +
                                                               ": an ELF file for s390: exec " +
                                                               foreign + ": exec format error");
  CHECK(diagnose_exec_failure(text, ENOEXEC).message ==
        kPrefix + init::quoted(text) + ": neither an ELF file nor a script with a #! line: exec " +
            text + ": exec format error");
  CHECK(diagnose_exec_failure(empty, ENOEXEC).message ==
        kPrefix + init::quoted(empty) + ": an empty file: exec " + empty + ": exec format error");
  CHECK(diagnose_exec_failure("/nosuch", EACCES).message ==
        std::string(kPrefix) + "\"/nosuch\": permission denied");
}

TEST_CASE("commands are quoted as Go quotes them", "[init]") {
  CHECK(init::quoted("a \"b\" \\ c\n\x01") == "\"a \\\"b\\\" \\\\ c\\n\\x01\"");
}

TEST_CASE("HOME is the field of the uid's line", "[init][PRC-07]") {
  const std::string passwd =
      "# comment\nbroken\nroot:x:0:0:root:/root:/bin/sh\n:x:7x:0::/no:\n"
      "none:x:8:8:::/bin/sh\nweb:x:1000:1000:,,,:/srv/web\n";
  CHECK(home_from_passwd(passwd, 0) == "/root");
  CHECK(home_from_passwd(passwd, 1000) == "/srv/web");
  CHECK(home_from_passwd(passwd, 7).empty());
  CHECK(home_from_passwd(passwd, 8).empty());
  CHECK(home_from_passwd("", 0).empty());
}

TEST_CASE("HOME is read inside the root only, and never blocks", "[init][PRC-07]") {
  const test::TempDir root;
  CHECK(home_directory(directory_fd(root.path()).get(), 0).value() == "/");

  root.write("elsewhere/passwd", "root:x:0:0::/inside:/bin/sh\n");
  REQUIRE(::symlink("/elsewhere", (root / "etc").c_str()) == 0);
  CHECK(home_directory(directory_fd(root.path()).get(), 0).value() == "/inside");

  const test::TempDir with_fifo;
  ::mkdir((with_fifo / "etc").c_str(), 0755);
  REQUIRE(::mkfifo((with_fifo / "etc/passwd").c_str(), 0644) == 0);
  CHECK(home_directory(directory_fd(with_fifo.path()).get(), 0).value() == "/");
}

TEST_CASE("the user is set for good, with exactly its groups", "[init][USR-01][USR-03]") {
  if (::geteuid() != 0) return;
  oci::User user = {.uid = 1234, .gid = 2345, .umask = std::nullopt, .additional_gids = {7, 8}};
  CHECK(in_child([&] {
          if (!set_user(user, Setgroups::allowed).ok()) return 1;
          uid_t ids[3];
          ::getresuid(&ids[0], &ids[1], &ids[2]);
          if (ids[0] != 1234 || ids[1] != 1234 || ids[2] != 1234) return 2;
          ::getresgid(&ids[0], &ids[1], &ids[2]);
          if (ids[0] != 2345 || ids[1] != 2345 || ids[2] != 2345) return 3;
          gid_t groups[8];
          return ::getgroups(8, groups) == 2 && groups[0] == 7 && groups[1] == 8 ? 0 : 4;
        }) == 0);
  user.additional_gids.clear();
  CHECK(in_child([&] {
          if (!set_user(user, Setgroups::allowed).ok()) return 1;
          return ::getgroups(0, nullptr);
        }) == 0);
}

TEST_CASE("groups where setgroups is denied are refused, none are fine", "[init][USR-04]") {
  const oci::User with_groups = {
      .uid = ::getuid(), .gid = ::getgid(), .umask = std::nullopt, .additional_gids = {1}};
  const auto refused = set_user(with_groups, Setgroups::denied);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().pointer == "/process/user/additionalGids");

  const oci::User alone = {
      .uid = ::getuid(), .gid = ::getgid(), .umask = std::nullopt, .additional_gids = {}};
  CHECK(in_child([&] { return set_user(alone, Setgroups::denied).ok() ? 0 : 1; }) == 0);
}

TEST_CASE("pipes of the stdio go to the user, devices do not", "[init][USR-05]") {
  if (::geteuid() != 0) return;
  CHECK(in_child([] {
          int ends[2];
          if (::pipe(ends) != 0) return 1;
          // A device of our own instead of the host's /dev/null, which no test may endanger.
          const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
          if (terminal < 0) return 2;
          struct stat before {};
          ::fstat(terminal, &before);
          ::dup2(terminal, 0);
          ::dup2(ends[1], 1);
          ::dup2(ends[1], 2);
          if (!chown_stdio(1234).ok()) return 3;
          struct stat now {};
          ::fstat(1, &now);
          if (now.st_uid != 1234 || now.st_gid != ::getgid()) return 4;
          ::fstat(0, &now);
          return now.st_uid == before.st_uid ? 0 : 5;
        }) == 0);
}

TEST_CASE("a label whose LSM is off is refused before anything is made", "[init][LSM-01][LSM-02]") {
  const test::TempDir sysfs;
  const sys::UniqueFd root = directory_fd(sysfs.path());
  oci::Process process;
  CHECK(check_lsm_support(process, root.get(), "/process").ok());

  process.apparmor_profile = "docker-default";
  auto refused = check_lsm_support(process, root.get(), "/process");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::unsupported);
  CHECK(refused.error().pointer == "/process/apparmorProfile");
  sysfs.write("module/apparmor/parameters/enabled", "N\n");
  CHECK_FALSE(apparmor_enabled(root.get()));
  sysfs.write("module/apparmor/parameters/enabled", "Y\n");
  CHECK(check_lsm_support(process, root.get(), "/process").ok());

  sysfs.write("fs/selinux/enforce", "1");  // a directory, but no selinuxfs
  process.selinux_label = "system_u:system_r:container_t:s0";
  refused = check_lsm_support(process, root.get(), "/process");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().pointer == "/process/selinuxLabel");
}

// No host here has SELinux, and few have AppArmor: plain files stand for /proc/self/attr.
TEST_CASE("labels are written for the next execve", "[init][fake][LSM-01][LSM-02]") {
  const test::TempDir tree;
  tree.write("self/attr/exec", "");
  tree.write("self/attr/keycreate", "");
  const auto procfs = sys::Procfs::imitation(directory_fd(tree.path()));

  REQUIRE(set_selinux_exec_label(procfs, "user_u:role_r:type_t:s0:c1,c2").ok());
  REQUIRE(set_selinux_keycreate_label(procfs, "user_u:role_r:type_t:s0").ok());
  CHECK(tree.read("self/attr/exec") == "user_u:role_r:type_t:s0:c1,c2");
  CHECK(tree.read("self/attr/keycreate") == "user_u:role_r:type_t:s0");

  // Before Linux 5.8 the file is shared.
  tree.write("self/attr/exec", "");
  REQUIRE(set_apparmor_exec_profile(procfs, "docker-default").ok());
  CHECK(tree.read("self/attr/exec") == "exec docker-default");
  tree.write("self/attr/exec", "");
  tree.write("self/attr/apparmor/exec", "");
  REQUIRE(set_apparmor_exec_profile(procfs, "docker-default").ok());
  CHECK(tree.read("self/attr/apparmor/exec") == "exec docker-default");
  CHECK(tree.read("self/attr/exec").empty());

  // Nothing is asked for, nothing is written; and a kernel without the files is an error that says
  // where it was asked for.
  const test::TempDir empty;
  const auto without = sys::Procfs::imitation(directory_fd(empty.path()));
  CHECK(set_apparmor_exec_profile(without, "").ok());
  CHECK(set_selinux_exec_label(without, "").ok());
  CHECK(set_apparmor_exec_profile(without, "p").error().pointer == "/process/apparmorProfile");
  CHECK(set_selinux_exec_label(without, "l").error().pointer == "/process/selinuxLabel");
}

}  // namespace
}  // namespace myrt::init
