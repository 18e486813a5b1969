// The process of exec: --user in all spellings, and what overrides what.
#include "runtime/container/exec_process.h"

#include "tests/support/catch.h"

namespace myrt::container {
namespace {

oci::User base_user() {
  oci::User user;
  user.uid = 7;
  user.gid = 8;
  user.umask = 18;
  user.additional_gids = {9};
  return user;
}

oci::Spec spec_with_process() {
  oci::Spec spec;
  oci::Process& process = spec.process.emplace();
  process.terminal = true;
  process.console_size = oci::ConsoleSize{24, 80};
  process.user = base_user();
  process.args = {"/bin/server", "--port", "80"};
  process.env = {"A=1", "B=2"};
  process.cwd = "/srv";
  process.no_new_privileges = true;
  process.apparmor_profile = "profile";
  process.selinux_label = "label";
  process.oom_score_adj = 100;
  process.rlimits = {{"RLIMIT_NOFILE", 1, 2}};
  process.capabilities.emplace().bounding = {"CAP_KILL"};
  process.exec_cpu_affinity = oci::ExecCpuAffinity{"0", "1"};
  return spec;
}

ExecOptions command(std::vector<std::string> args = {"sh"}) {
  ExecOptions options;
  options.id = "web1";
  options.args = std::move(args);
  return options;
}

oci::Process planned(const ExecOptions& options) {
  const auto process = exec_process(options, spec_with_process());
  INFO((process.ok() ? std::string() : process.error().message));
  REQUIRE(process.ok());
  return *process;
}

struct UserRow {
  std::string_view text;
  std::uint32_t uid, gid;
};

constexpr UserRow kGoodUsers[] = {
    {"0", 0, 8},
    {"1", 1, 8},
    {"00", 0, 8},
    {"01", 1, 8},
    {"1000", 1000, 8},
    {"65534", 65534, 8},
    {"65536", 65536, 8},
    {"2147483647", 2147483647U, 8},
    {"2147483648", 2147483648U, 8},
    {"4294967294", 4294967294U, 8},
    {"0:0", 0, 0},
    {"1:0", 1, 0},
    {"0:1", 0, 1},
    {"1:1", 1, 1},
    {"1000:100", 1000, 100},
    {"12:34", 12, 34},
    {"0000000000000001:0000000000000002", 1, 2},
    {"4294967294:4294967294", 4294967294U, 4294967294U},
    {"2147483648:2147483649", 2147483648U, 2147483649U},
};

constexpr std::string_view kBadUsers[] = {"",
                                          " ",
                                          ":",
                                          "::",
                                          ":0",
                                          ":1",
                                          "0:",
                                          "1:",
                                          "1000:",
                                          "1:2:",
                                          "1:2:3",
                                          "1::2",
                                          ":1:2",
                                          "1:2 ",
                                          "1 :2",
                                          "1: 2",
                                          " 1",
                                          "1 ",
                                          "\t1",
                                          "1\n",
                                          "\n",
                                          "+1",
                                          "+0",
                                          "-0",
                                          "-1",
                                          "-1:0",
                                          "0:-1",
                                          "1:+1",
                                          "1-1",
                                          "1,1",
                                          "1.1",
                                          "1.0",
                                          "1.",
                                          ".1",
                                          "1e3",
                                          "1e0",
                                          "0x0",
                                          "0x1",
                                          "0X1f",
                                          "0b1",
                                          "0o7",
                                          "1_000",
                                          "1'000",
                                          "1000u",
                                          "1k",
                                          "a",
                                          "root",
                                          "root:root",
                                          "0:root",
                                          "root:0",
                                          "1a",
                                          "a1",
                                          "1:a",
                                          "1:1a",
                                          "nobody",
                                          "$UID",
                                          "%d",
                                          "4294967295",
                                          "4294967295:0",
                                          "0:4294967295",
                                          "4294967296",
                                          "0:4294967296",
                                          "4294967297",
                                          "4294967297:1",
                                          "18446744073709551615",
                                          "18446744073709551616",
                                          "18446744073709551617:1",
                                          "99999999999999999999999999999999",
                                          "1:99999999999999999999999999999999",
                                          "\xd9\xa1",
                                          "\xef\xbc\x91",
                                          "1\xc2\xa0",
                                          std::string_view("1\0", 2),
                                          std::string_view("\0001", 2),
                                          std::string_view("1\0:2", 4),
                                          std::string_view("0:0\0", 4)};
static_assert(std::size(kGoodUsers) + std::size(kBadUsers) >= 60);

}  // namespace

TEST_CASE("--user is one or two whole decimal numbers", "[container][CVE-2026-30892][USR-01]") {
  for (const UserRow& row : kGoodUsers) {
    INFO("user `" << row.text << "`");
    const auto user = parse_user(row.text, base_user());
    REQUIRE(user.ok());
    CHECK(user->uid == row.uid);
    CHECK(user->gid == row.gid);
    CHECK(user->umask == base_user().umask);
    CHECK(user->additional_gids == base_user().additional_gids);
  }
}

TEST_CASE("--user is nothing but numbers", "[container][CVE-2026-30892][USR-01]") {
  for (const std::string_view text : kBadUsers) {
    INFO("user `" << text << "`");
    const auto user = parse_user(text, base_user());
    REQUIRE_FALSE(user.ok());
    CHECK(user.error().code == ErrorCode::invalid_argument);
    CHECK(user.error().message ==
          fmt::format("user `{}`: expected UID[:GID] in decimal digits", text));
  }
}

TEST_CASE("every uid and gid is read as it is written", "[container][CVE-2026-30892]") {
  for (std::uint64_t value = 0; value < 4294967295U; value = value * 3 + 1) {
    const auto id = static_cast<std::uint32_t>(value);
    const auto user = parse_user(fmt::format("{}:{}", id, id / 2), base_user());
    REQUIRE(user.ok());
    CHECK(user->uid == id);
    CHECK(user->gid == id / 2);
  }
}

TEST_CASE("a command alone runs in the container's own process, without its terminal",
          "[container][exec]") {
  const oci::Process process = planned(command({"ls", "-l"}));

  oci::Process wanted = *spec_with_process().process;
  wanted.args = {"ls", "-l"};
  wanted.terminal = false;
  wanted.console_size.reset();
  CHECK(process == wanted);
}

TEST_CASE("each option overrides its own field", "[container][exec]") {
  const oci::Process plain = planned(command());
  ExecOptions options = command();
  oci::Process wanted = plain;

  SECTION("cwd") {
    options.cwd = "/other";
    wanted.cwd = "/other";
  }
  SECTION("env comes after the container's") {
    options.env = {"B=3", "C=4"};
    wanted.env = {"A=1", "B=2", "B=3", "C=4"};
  }
  SECTION("terminal") {
    options.terminal = Switch::on;
    wanted.terminal = true;
  }
  SECTION("user without a group keeps the group") {
    options.user = "1";
    wanted.user.uid = 1;
  }
  SECTION("user with a group") {
    options.user = "1:2";
    wanted.user.uid = 1;
    wanted.user.gid = 2;
  }
  SECTION("additional gids come after the container's") {
    options.additional_gids = {10, 11};
    wanted.user.additional_gids = {9, 10, 11};
  }
  SECTION("no_new_privs can be taken away") {
    options.no_new_privileges = Switch::off;
    wanted.no_new_privileges = false;
  }
  SECTION("labels") {
    options.apparmor_profile = "p2";
    options.selinux_label = "l2";
    wanted.apparmor_profile = "p2";
    wanted.selinux_label = "l2";
  }
  CHECK(planned(options) == wanted);
}

TEST_CASE("a process document takes the place of the container's process", "[container][exec]") {
  ExecOptions options = command({});
  oci::Process& document = options.process.emplace();
  document.args = {"ps"};
  document.cwd = "/";
  document.terminal = true;
  document.console_size = oci::ConsoleSize{1, 2};
  CHECK(planned(options) == document);

  options.terminal = Switch::off;
  options.user = "5:6";
  const oci::Process process = planned(options);
  CHECK_FALSE(process.terminal);
  CHECK(process.user.uid == 5);
  CHECK(process.user.gid == 6);
  CHECK(process.env.empty());
}

TEST_CASE("exec refuses what it cannot run", "[container][exec]") {
  const auto refused = [](const ExecOptions& options, const oci::Spec& spec) {
    const auto process = exec_process(options, spec);
    REQUIRE_FALSE(process.ok());
    return process.error();
  };

  SECTION("no command") {
    CHECK(refused(command({}), spec_with_process()).message == "exec: a command is required");
    ExecOptions options = command({});
    options.process.emplace().cwd = "/";
    CHECK(refused(options, spec_with_process()).message == "exec: a command is required");
  }
  SECTION("a container without a process, as there is no environment to run it in") {
    const Error error = refused(command(), oci::Spec{});
    CHECK(error.code == ErrorCode::invalid_config);
    CHECK(error.pointer == "/process");
  }
  SECTION("a user by name") {
    ExecOptions options = command();
    options.user = "root";
    CHECK(refused(options, spec_with_process()).code == ErrorCode::invalid_argument);
  }
  SECTION("a relative cwd") {
    for (const char* cwd : {"tmp", ".", "..", "./a", "~"}) {
      ExecOptions options = command();
      options.cwd = cwd;
      const Error error = refused(options, spec_with_process());
      CHECK(error.code == ErrorCode::invalid_argument);
      CHECK(error.message == fmt::format("cwd `{}`: expected an absolute path", cwd));
    }
  }
}

TEST_CASE("a listener is asked for only by a filter that notifies", "[container][NTF-01]") {
  oci::Spec spec = spec_with_process();
  spec.linux.emplace().seccomp.emplace().listener_path = "/run/agent";
  init::ProcessPlan plan;
  CHECK(listener_path(spec, plan).empty());
  plan.filter.emplace();
  plan.filter->notifies = false;
  CHECK(listener_path(spec, plan).empty());
  plan.filter->notifies = true;
  CHECK(listener_path(spec, plan) == "/run/agent");
}

}  // namespace myrt::container
