#include <unistd.h>

#include <array>
#include <climits>

#include "runtime/cli/create_options.h"
#include "runtime/cli/exec_options.h"
#include "runtime/cli/resource_options.h"
#include "sys/unique_fd.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/runtime/cli/command_line_of.h"

using namespace myrt;
using namespace myrt::cli;
using myrt::test::ParsedWords;
using myrt::test::TempDir;

namespace {

Result<oci::Resources> resources_of(std::initializer_list<const char*> words) {
  return resource_options(ParsedWords(words).line.options, -1);
}

Result<ExecOptions> exec_of(std::initializer_list<const char*> words) {
  return exec_options(ParsedWords(words).line);
}

}  // namespace

TEST_CASE("create's options reach the library", "[cli]") {
  const ParsedWords words({"create", "--bundle", "/b", "--config", "c.json", "--console-socket",
                           "/s", "--pidfd-socket", "/p", "--pid-file", "/f", "--no-pivot",
                           "--no-new-keyring", "--preserve-fds", "2", "--no-subreaper", "web1"});

  const auto options = create_options(words.line, {.notify_socket = "/n"}, {});

  REQUIRE(options.ok());
  CHECK(options->id == "web1");
  CHECK(options->bundle == "/b");
  CHECK(options->config == "c.json");
  CHECK(options->io.console_socket == "/s");
  CHECK(options->io.pidfd_socket == "/p");
  CHECK(options->io.pid_file == "/f");
  CHECK(options->io.preserve_fds == 2);
  CHECK(options->io.listen_fds == 0);
  CHECK(options->pivot == Switch::off);
  CHECK(options->new_keyring == Switch::off);
  CHECK(options->notify_socket == "/n");
}

TEST_CASE("create's defaults are those of runc", "[cli]") {
  const auto options = create_options(ParsedWords({"create", "web1"}).line, {}, {});

  REQUIRE(options.ok());
  CHECK(options->bundle == ".");
  CHECK(options->config == "config.json");
  CHECK(options->io.pid_file.empty());
  CHECK(options->pivot == Switch::on);
  CHECK(options->new_keyring == Switch::on);
}

TEST_CASE("a relative pid file is below the caller's directory", "[cli]") {
  std::array<char, PATH_MAX> here;
  REQUIRE(::getcwd(here.data(), here.size()) != nullptr);

  const auto options = create_options(ParsedWords({"create", "--pid-file", "p", "x"}).line, {}, {});

  CHECK(options->io.pid_file == std::string(here.data()) + "/p");
}

TEST_CASE("activation sockets count when they are meant for this process", "[cli][contract-1.4]") {
  const ParsedWords words({"create", "--preserve-fds", "1", "x"});
  const auto fds = [&](const Environment& environment, const Personality& personality = {}) {
    const auto options = create_options(words.line, environment, personality);
    return std::pair(options->io.listen_fds, options->io.preserve_fds);
  };
  CHECK(fds({.listen_fds = "2", .listen_pid = "7", .pid = 7}) == std::pair(2, 3));
  CHECK(fds({.listen_fds = "2", .listen_pid = "8", .pid = 7}) == std::pair(0, 1));
  CHECK(fds({.listen_fds = "2", .pid = 7}) == std::pair(0, 1));
  CHECK(fds({.listen_fds = "2", .pid = 7}, personality_of("crun")) == std::pair(2, 3));
  CHECK_FALSE(
      create_options(words.line, {.listen_fds = "x", .listen_pid = "7", .pid = 7}, {}).ok());
}

TEST_CASE("run's own options reach the library", "[cli]") {
  const ParsedWords words({"run", "--detach", "--keep", "--no-subreaper", "x"});
  const auto options = run_options(words.line, {}, {});
  CHECK(options->detach == Switch::on);
  CHECK(options->keep == Switch::on);
  CHECK(options->subreaper == Switch::off);

  const auto defaults = run_options(ParsedWords({"run", "x"}).line, {}, {});
  CHECK(defaults->detach == Switch::off);
  CHECK(defaults->keep == Switch::off);
  CHECK(defaults->subreaper == Switch::on);
}

TEST_CASE("exec's options reach the library", "[cli]") {
  const auto options = exec_of({"exec",
                                "--cwd",
                                "/w",
                                "-e",
                                "A=1",
                                "-e",
                                "B=2",
                                "-t",
                                "-u",
                                "1:2",
                                "-g",
                                "3",
                                "-g",
                                "4",
                                "-c",
                                "CAP_CHOWN",
                                "-d",
                                "--apparmor",
                                "prof",
                                "--process-label",
                                "lab",
                                "--no-new-privs",
                                "--cgroup",
                                "cpu:a",
                                "--cgroup",
                                "b",
                                "--ignore-paused",
                                "--pidfd-socket",
                                "/p",
                                "web1",
                                "sh",
                                "-c"});

  REQUIRE(options.ok());
  CHECK(options->id == "web1");
  CHECK(options->args == std::vector<std::string>{"sh", "-c"});
  CHECK(options->cwd == "/w");
  CHECK(options->env == std::vector<std::string>{"A=1", "B=2"});
  CHECK(options->terminal == Switch::on);
  CHECK(options->user == "1:2");
  CHECK(options->additional_gids == std::vector<std::uint32_t>{3, 4});
  CHECK(options->capabilities == std::vector<std::string>{"CAP_CHOWN"});
  CHECK(options->no_new_privileges == Switch::on);
  CHECK(options->apparmor_profile == "prof");
  CHECK(options->selinux_label == "lab");
  CHECK(options->cgroup == std::vector<std::string>{"cpu:a", "b"});
  CHECK(options->ignore_paused == Switch::on);
  CHECK(options->detach == Switch::on);
  CHECK(options->io.pidfd_socket == "/p");
  CHECK_FALSE(options->process);
}

TEST_CASE("what exec is not told stays as the container has it", "[cli]") {
  const auto options = exec_of({"exec", "x", "sh"});

  CHECK_FALSE(options->terminal);
  CHECK_FALSE(options->no_new_privileges);
  CHECK(exec_of({"exec", "--tty=false", "x", "sh"})->terminal == Switch::off);
  CHECK(exec_of({"exec", "x"}).error().message == "exec args cannot be empty");
  CHECK_FALSE(exec_of({"exec", "-g", "4294967295", "x", "sh"}).ok());
  CHECK_FALSE(exec_of({"exec", "-g", "1x", "x", "sh"}).ok());
}

TEST_CASE("exec reads a process from a pipe that is reached through /proc", "[cli][contract-1.8]") {
  std::array<int, 2> ends;
  REQUIRE(::pipe(ends.data()) == 0);
  const sys::UniqueFd read_end(ends[0]);
  sys::UniqueFd write_end(ends[1]);
  const std::string_view json = R"({"args":["sh"],"cwd":"/","user":{"uid":1,"gid":2}})";
  REQUIRE(::write(write_end.get(), json.data(), json.size()) == static_cast<ssize_t>(json.size()));
  write_end.reset();
  const std::string path = "/proc/self/fd/" + std::to_string(read_end.get());

  const auto options = exec_of({"exec", "--tty", "-p", path.c_str(), "x"});

  REQUIRE(options.ok());
  REQUIRE(options->process);
  CHECK(options->process->args == std::vector<std::string>{"sh"});
  CHECK(options->process->user.gid == 2);
  CHECK(options->process->terminal);
}

TEST_CASE("nothing that --process would override is accepted beside it", "[cli]") {
  const TempDir directory;
  const std::string path = directory.write("p.json", R"({"args":["sh"],"cwd":"/"})");
  const char* file = path.c_str();

  REQUIRE(exec_of({"exec", "-p", file, "x"}).ok());
  CHECK(exec_of({"exec", "-p", file, "--cwd", "/w", "x"}).error().message ==
        "--cwd cannot be used with --process: write it into the file");
  CHECK_FALSE(exec_of({"exec", "-p", file, "-e", "A=1", "x"}).ok());
  CHECK_FALSE(exec_of({"exec", "-p", file, "-u", "0", "x"}).ok());
  CHECK_FALSE(exec_of({"exec", "-p", file, "x", "ls"}).ok());
}

TEST_CASE("a bad process document is an error that points into it", "[cli]") {
  const TempDir directory;
  const std::string path = directory.write("p.json", R"({"args":"sh","cwd":"/"})");

  const auto options = exec_of({"exec", "-p", path.c_str(), "x"});

  CHECK(options.error().code == ErrorCode::invalid_config);
  CHECK(options.error().message.rfind(path + ": ", 0) == 0);
  CHECK(exec_of({"exec", "-p", (directory / "none").c_str(), "x"}).error().errno_value == ENOENT);
}

TEST_CASE("every option of update sets its field", "[cli]") {
  const auto resources = resources_of({"update", "--blkio-weight",
                                       "100",    "--cpu-period",
                                       "1",      "--cpu-quota",
                                       "-1",     "--cpu-burst",
                                       "3",      "--cpu-share",
                                       "4",      "--cpu-rt-period",
                                       "5",      "--cpu-rt-runtime",
                                       "6",      "--cpu-idle",
                                       "1",      "--cpuset-cpus",
                                       "0-1",    "--cpuset-mems",
                                       "0",      "--memory",
                                       "64m",    "--memory-reservation",
                                       "1k",     "--memory-swap",
                                       "-1",     "--kernel-memory",
                                       "2k",     "--kernel-memory-tcp",
                                       "3k",     "--pids-limit",
                                       "-1",     "x"});

  oci::Resources expected;
  expected.block_io.emplace();
  expected.block_io->weight = std::uint16_t{100};
  expected.cpu = oci::CpuResources{.shares = 4,
                                   .quota = -1,
                                   .burst = 3,
                                   .period = 1,
                                   .realtime_runtime = 6,
                                   .realtime_period = 5,
                                   .cpus = "0-1",
                                   .mems = "0",
                                   .idle = 1};
  expected.memory.emplace();
  expected.memory->limit = 64 << 20;
  expected.memory->reservation = 1024;
  expected.memory->swap = -1;
  expected.memory->kernel = 2048;
  expected.memory->kernel_tcp = 3072;
  expected.pids_limit = -1;
  REQUIRE(resources.ok());
  CHECK(*resources == expected);
}

TEST_CASE("an update without options asks for nothing", "[cli]") {
  CHECK(*resources_of({"update", "x"}) == oci::Resources());
}

TEST_CASE("a bad value of update names its option", "[cli]") {
  CHECK(resources_of({"update", "--memory", "10q", "x"}).error().message ==
        "invalid value for memory: `10q`: expected bytes, with an optional suffix k, m, g, t or "
        "p, or -1");
  CHECK(resources_of({"update", "--cpu-share", "-1", "x"}).error().message ==
        "invalid value for cpu-share: `-1`: expected an integer that is not negative");
  CHECK_FALSE(resources_of({"update", "--blkio-weight", "65536", "x"}).ok());
  CHECK_FALSE(resources_of({"update", "--pids-limit", "many", "x"}).ok());
  CHECK_FALSE(resources_of({"update", "--cpu-quota", "1k", "x"}).ok());
}

TEST_CASE("update reads a document from a file or standard input", "[cli][contract-1.1]") {
  const TempDir directory;
  const std::string path = directory.write("r.json", R"({"memory":{"limit":134217728}})");
  CHECK(resources_of({"update", "--resources", path.c_str(), "x"})->memory->limit == 134217728);

  std::array<int, 2> ends;
  REQUIRE(::pipe(ends.data()) == 0);
  const sys::UniqueFd read_end(ends[0]);
  sys::UniqueFd write_end(ends[1]);
  REQUIRE(::write(write_end.get(), R"({"pids":{"limit":7}})", 20) == 20);
  write_end.reset();
  const ParsedWords words({"update", "--resources=-", "x"});
  CHECK(resource_options(words.line.options, read_end.get())->pids_limit == 7);
}

TEST_CASE("schemata of update are given beside limits or a document", "[cli]") {
  const ParsedWords words(
      {"update", "-r", "/r", "--l3-cache-schema", "L3:0=f", "--mem-bw-schema=MB:0=50", "x"});
  CHECK(rdt_options(words.line.options) == RdtSchemas{.l3_cache = "L3:0=f", .mem_bw = "MB:0=50"});
  CHECK(rdt_options(ParsedWords({"update", "x"}).line.options) == RdtSchemas{});
}

TEST_CASE("no option of update is dropped beside a document", "[cli]") {
  CHECK(resources_of({"update", "-r", "/none", "--memory", "1", "x"}).error().message ==
        "--memory cannot be used with --resources: write it into the document");
}
