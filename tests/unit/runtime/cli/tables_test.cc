#include "runtime/cli/tables.h"

#include <unistd.h>

#include <array>

#include "runtime/cli/id_pattern.h"
#include "runtime/cli/ps_command.h"
#include "tests/support/catch.h"

using namespace myrt;
using namespace myrt::cli;

namespace {

ContainerInfo container(const char* id, oci::Status status, pid_t pid, const char* bundle,
                        const char* created, const char* owner) {
  ContainerInfo info;
  info.state.id = id;
  info.state.status = status;
  info.state.pid = pid;
  info.state.bundle = bundle;
  info.extras.created = created;
  info.extras.owner = owner;
  return info;
}

}  // namespace

TEST_CASE("the list table of nothing is runc's header", "[cli][contract-3]") {
  CHECK(list_table({}) == "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
}

TEST_CASE("columns of the list table grow by three spaces beyond their longest entry",
          "[cli][contract-3]") {
  const std::vector<ContainerInfo> containers = {
      container("web1", oci::Status::running, 42, "/bundles/w\u00e9b1", "2026-01-02T03:04:05.6Z",
                "root"),
      container("a-rather-long-id", oci::Status::stopped, 0, "/b", "2026-01-02T03:04:05Z", ""),
  };

  CHECK(list_table(containers) ==
        "ID                 PID         STATUS      BUNDLE          CREATED                  "
        "OWNER\n"
        "web1               42          running     /bundles/w\u00e9b1   2026-01-02T03:04:05.6Z   "
        "root\n"
        "a-rather-long-id   0           stopped     /b              2026-01-02T03:04:05Z     "
        "\n");
}

TEST_CASE("ps rows are chosen by the PID column and the header is kept", "[cli][contract-3]") {
  const std::string output =
      "UID          PID    PPID CMD\n"
      "root           1       0 init 7\n"
      "root           7       1 sleep 1\n"
      "\n"
      "root          77       7 cat";
  const std::array<pid_t, 2> pids = {7, 77};

  CHECK(*filter_ps_output(output, pids) ==
        "UID          PID    PPID CMD\n"
        "root           7       1 sleep 1\n"
        "root          77       7 cat\n");
  CHECK(*filter_ps_output(output, {}) == "UID          PID    PPID CMD\n");
}

TEST_CASE("a PID column at the end is found behind a command with spaces", "[cli]") {
  const std::array<pid_t, 1> pids = {7};

  CHECK(*filter_ps_output("CMD PID\nsleep 1 7\nsleep 7 1\n", pids) == "CMD PID\nsleep 1 7\n");
}

TEST_CASE("output of ps without process ids is an error", "[cli]") {
  CHECK(filter_ps_output("", {}).error().message == "no PID column in the output of ps: ``");
  CHECK(filter_ps_output("CMD\nsh\n", {}).error().message ==
        "no PID column in the output of ps: `CMD`");
  CHECK(filter_ps_output("PID CMD\nx sh\n", {}).error().message ==
        "no process id in the output of ps: `x sh`");
  CHECK_FALSE(filter_ps_output("A B PID CMD\nx\n", {}).ok());
}

TEST_CASE("the host's ps is run with the caller's options", "[cli]") {
  const std::string own = std::to_string(::getpid());
  const std::array<std::string_view, 4> arguments = {"-o", "pid=,ppid=", "-p", own};

  const auto output = run_ps(arguments);

  REQUIRE(output.ok());
  CHECK(output->find(own) != std::string::npos);
  const std::array<pid_t, 1> pids = {::getpid()};
  const auto everything = run_ps({});
  REQUIRE(everything.ok());
  CHECK(filter_ps_output(*everything, pids)->find(own) != std::string::npos);
}

TEST_CASE("a ps that fails is an error with its status", "[cli]") {
  const std::array<std::string_view, 2> nobody = {"-p", "4194305"};

  CHECK(run_ps(nobody).error().message == "ps: exit status 1");
}

TEST_CASE("process ids in JSON are one array", "[cli][contract-1.1]") {
  CHECK(pids_json({}) == "[]");
  CHECK(pids_json(std::array<pid_t, 2>{1, 22}) == "[1,22]");
}

TEST_CASE("ids are matched by extended regular expressions", "[cli]") {
  const std::vector<std::string> ids = {"db", "web1", "web22"};

  CHECK(*matching_ids("web", ids) == std::vector<std::string>{"web1", "web22"});
  CHECK(*matching_ids("^web[0-9]$", ids) == std::vector<std::string>{"web1"});
  CHECK(*matching_ids("^(db|x)+$", ids) == std::vector<std::string>{"db"});
  CHECK(matching_ids("nothing", ids)->empty());
  CHECK(matching_ids("a(", ids).error().code == ErrorCode::invalid_argument);
}
