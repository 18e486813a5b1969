// The whole command but main(), against a library that records what it is asked for.
#include "runtime/cli/application.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "sys/unique_fd.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/runtime/cli/command_line_of.h"
#include "tests/unit/runtime/cli/library_stand_in.h"

using namespace myrt;
using namespace myrt::cli;
using myrt::test::ParsedWords;
using myrt::test::recorded;
using myrt::test::Recorded;
using myrt::test::TempDir;

namespace {

struct Outcome {
  int status = 0;
  std::string output, error;
};

// Runs a command line as main() does, with standard output and error in files.
struct Runner {
  Runner() { recorded = Recorded(); }

  Outcome run(std::initializer_list<const char*> words, const Result<>& prepared = {}) {
    const TempDir streams;
    const ParsedWords parsed(words);
    Outcome outcome;
    {
      const sys::UniqueFd output(::open((streams / "out").c_str(), O_CREAT | O_WRONLY, 0600));
      const sys::UniqueFd error(::open((streams / "err").c_str(), O_CREAT | O_WRONLY, 0600));
      outcome.status = run_application(parsed.line, Personality(), environment,
                                       {-1, output.get(), error.get()}, prepared);
    }
    outcome.output = streams.read("out");
    outcome.error = streams.read("err");
    return outcome;
  }

  TempDir directory;
  Environment environment;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("each command is one call of the library", "[cli]") {
  Runner runner;
  const auto call = [&](std::initializer_list<const char*> words) {
    recorded.calls.clear();
    CHECK(runner.run(words).status == 0);
    REQUIRE(recorded.calls.size() == 1);
    return recorded.calls[0];
  };
  CHECK(call({"create", "web1"}) == "create web1");
  CHECK(call({"start", "web1"}) == "start web1");
  CHECK(call({"run", "web1"}) == "run web1");
  CHECK(call({"exec", "web1", "sh"}) == "exec web1");
  CHECK(call({"state", "web1"}) == "state web1");
  CHECK(call({"kill", "web1"}) == "kill web1 15");
  CHECK(call({"kill", "web1", "KILL"}) == "kill web1 9");
  CHECK(call({"kill", "-a", "web1", "9"}) == "kill web1 9 all");
  CHECK(call({"delete", "web1"}) == "delete web1");
  CHECK(call({"delete", "--force", "web1"}) == "delete web1 force");
  CHECK(call({"list"}) == "list");
  CHECK(call({"validate"}) == "validate .");
  CHECK(call({"validate", "--spec-only", "b"}) == "validate b spec-only");
  CHECK(call({"metrics", "-a", "-f", "openmetrics", "a", "b"}) == "metrics a,b all open");
  CHECK(call({"gc"}) == "gc");
  CHECK(call({"gc", "-n", "--stopped"}) == "gc dry-run stopped");
  CHECK(call({"list", "-q"}) == "list_ids");
  CHECK(call({"ps", "-f", "json", "web1"}) == "ps web1");
  CHECK(call({"pause", "web1"}) == "pause web1");
  CHECK(call({"resume", "web1"}) == "resume web1");
  CHECK(call({"update", "--pids-limit", "7", "web1"}) == "update web1 7");
  CHECK(call({"update", "--l3-cache-schema=L3:0=f", "web1"}) == "update web1 0 L3:0=f");
  const std::string file = runner.directory.write("m.json", R"([{"destination": "/data"}])");
  CHECK(call({"mounts", "add", "web1", file.c_str()}) == "add web1 /data");
  CHECK(call({"mounts", "remove", "web1", file.c_str()}) == "remove web1 /data");
  CHECK(call({"events", "--stats", "web1"}) == "stats web1");
  CHECK(call({"events", "--interval=100ms", "web1"}) == "events web1 100");
}

TEST_CASE("what the commands print is what callers read", "[cli][contract-3]") {
  Runner runner;
  CHECK(runner.run({"list", "--quiet"}).output == "db\nweb1\nweb2\n");
  CHECK(contains(runner.run({"list"}).output, "\nweb1        42          running"));
  CHECK(nlohmann::json::parse(runner.run({"list", "-f", "json"}).output).at(0).at("id") == "web1");
  const std::string state = runner.run({"state", "web1"}).output;
  CHECK(nlohmann::json::parse(state).at("pid") == 42);
  CHECK(state.back() == '}');
  CHECK(runner.run({"ps", "--format", "json", "web1"}).output ==
        fmt::format("[1,{}]\n", ::getpid()));
  CHECK(contains(runner.run({"ps", "web1"}).output, "PID"));
  CHECK(contains(runner.run({"ps", "web1", "-o", "pid"}).output, std::to_string(::getpid())));
  CHECK(runner.run({"events", "--stats", "web1"}).output == "{\"type\":\"stats\"}\n");
  CHECK(runner.run({"events", "web1"}).output == "{\"n\":1}\n{\"n\":2}\n");
  const Outcome features = runner.run({"features"});
  CHECK(features.output == "{\n}\n");
  CHECK(features.error.empty());
  CHECK(runner.run({"--version"}).output ==
        "myrt version 0.1.0\ncommit: abc\nspec: 1.3.0\nlibseccomp: 2.5.4\n");
}

TEST_CASE("gc says what it removed, and fails when something stayed", "[cli]") {
  Runner runner;
  CHECK(runner.run({"gc"}).output == "web1: removed: it has stopped\n  cgroup /c\n");
  CHECK(runner.run({"gc", "--dry-run"}).output ==
        "web1: would be removed: it has stopped\n  cgroup /c\n");
  CHECK(runner.run({"gc", "--json"}).output == "[]\n");
  recorded.status = 1;
  const Outcome failed = runner.run({"gc"});
  CHECK(failed.status == 1);
  CHECK(failed.output == "web1: not removed: it has stopped: still in use\n  cgroup /c\n");
  CHECK(contains(failed.error, "gc: container `web1`: still in use"));
}

TEST_CASE("the bundle defaults to the working directory, but not with --strict",
          "[cli][OPS-02][DIFF-12]") {
  Runner runner;
  CHECK(runner.run({"create", "web1"}).status == 0);
  for (const char* command : {"create", "run"}) {
    const Outcome strict = runner.run({"--strict", command, "web1"});
    CHECK(strict.status == 1);
    CHECK(contains(strict.error, "--bundle is required with --strict"));
    CHECK(runner.run({"--strict", command, "--bundle", "/b", "web1"}).status == 0);
  }
}

TEST_CASE("global options become the context", "[cli]") {
  Runner runner;
  runner.run({"--root", "/r", "--cgroup-manager", "disabled", "--strict", "state", "x"});
  CHECK(recorded.context.root == "/r");
  CHECK(recorded.context.cgroup_manager == CgroupManager::disabled);
  CHECK(recorded.context.strictness == Strictness::spec);
  CHECK_FALSE(recorded.context.debug);

  runner.run({"state", "x"});
  CHECK(recorded.context.root == "/run/myrt");
  CHECK(recorded.context.cgroup_manager == CgroupManager::cgroupfs);
  CHECK(recorded.context.strictness == Strictness::peers);
}

TEST_CASE("a bad global option stops the command before it does anything", "[cli]") {
  Runner runner;
  for (const char* option :
       {"--root=/", "--log-format=xml", "--log-level=x", "--rootless=x", "--cgroup-manager=x"}) {
    INFO(option);
    const Outcome outcome = runner.run({option, "state", "x"});
    CHECK(outcome.status == 1);
    CHECK(contains(outcome.error, "level=error msg=\"invalid "));
  }
  CHECK(recorded.calls.empty());
}

TEST_CASE("the status of the container's process is the status of run and exec",
          "[cli][contract-2.3]") {
  Runner runner;
  recorded.status = 137;
  CHECK(runner.run({"run", "x"}).status == 137);
  CHECK(runner.run({"exec", "x", "sh"}).status == 137);
}

TEST_CASE("a failure exits with 1, and that of exec with 255", "[cli][contract-2.3]") {
  Runner runner;
  recorded.failure = make_error(ErrorCode::not_found, "state `x`: container does not exist");
  for (const char* command : {"create", "start", "run", "state", "kill", "delete", "pause",
                              "resume", "update", "events", "ps"}) {
    INFO(command);
    const Outcome outcome = runner.run({command, "x"});
    CHECK(outcome.status == 1);
    CHECK(outcome.output.find("{\"type") == std::string::npos);
    CHECK(contains(outcome.error, "level=error msg=\"state `x`: container does not exist\"\n"));
  }
  CHECK(runner.run({"exec", "x", "sh"}).status == 255);
  CHECK(runner.run({"exec", "x"}).status == 255);
  CHECK(runner.run({"exec"}).status == 1);
}

TEST_CASE("the error goes to the log as one JSON object and plainly to standard error",
          "[cli][contract-0.4]") {
  Runner runner;
  const std::string log = runner.directory / "log.json";
  recorded.failure = make_error(ErrorCode::not_found, "container does not exist");
  recorded.warnings = {"a warning that podman must not find in the file"};

  const Outcome outcome = runner.run({"--log", log.c_str(), "--log-format", "json", "state", "x"});

  CHECK(outcome.error == "container does not exist\n");
  const auto entry = nlohmann::json::parse(runner.directory.read("log.json"));
  CHECK(entry.at("level") == "error");
  CHECK(entry.at("msg") == "container does not exist");
  CHECK(entry.at("code") == "not_found");
}

TEST_CASE("warnings are printed without --log, and debug messages when asked for", "[cli]") {
  Runner runner;
  recorded.warnings = {"careful"};
  CHECK(contains(runner.run({"state", "x"}).error, "level=warning msg=\"careful\"\n"));

  const Outcome debug = runner.run({"--debug", "state", "x"});
  CHECK(contains(debug.error, "level=debug msg=\"myrt state: root `/run/myrt`\"\n"));
  CHECK(recorded.context.debug);
}

TEST_CASE("a wrong command line prints the usage and logs the error", "[cli][contract-2.1]") {
  Runner runner;
  const std::string log = runner.directory / "log";

  const Outcome outcome = runner.run({"--log", log.c_str(), "state"});

  CHECK(outcome.status == 1);
  CHECK(outcome.output.rfind("Incorrect Usage: myrt: \"state\" requires exactly 1 argument(s)\n\n"
                             "NAME:\n   myrt state - ",
                             0) == 0);
  CHECK(outcome.error == "myrt: \"state\" requires exactly 1 argument(s)\n");
  CHECK(contains(runner.directory.read("log"), "level=error msg=\"myrt: \\\"state\\\" requires"));

  const Outcome unknown = runner.run({"nosuch"});
  CHECK(unknown.status == 3);
  CHECK(unknown.output.empty());
  CHECK(contains(unknown.error, "No help topic for 'nosuch'"));
}

TEST_CASE("a regular expression selects the containers to kill or delete", "[cli]") {
  Runner runner;
  CHECK(runner.run({"kill", "--regex", "^web", "KILL"}).status == 0);
  CHECK(recorded.calls == std::vector<std::string>{"list_ids", "kill web1 9", "kill web2 9"});

  recorded.calls.clear();
  CHECK(runner.run({"delete", "-r", "-f", "db|web2"}).status == 0);
  CHECK(recorded.calls ==
        std::vector<std::string>{"list_ids", "delete db force", "delete web2 force"});

  CHECK(runner.run({"delete", "--regex", "a("}).status == 1);
}

TEST_CASE("kill with an unknown signal sends nothing", "[cli]") {
  Runner runner;
  CHECK(runner.run({"kill", "x", "NOSIG"}).status == 1);
  CHECK(recorded.calls.empty());
}

TEST_CASE("formats, intervals and options that cannot be used are refused", "[cli]") {
  Runner runner;
  CHECK(contains(runner.run({"list", "-f", "xml"}).error, "invalid format `xml`"));
  CHECK(contains(runner.run({"events", "--interval", "0s", "x"}).error,
                 "duration interval must be greater than 0"));
  CHECK(runner.run({"ps", "-f", "json", "x", "-o", "pid"}).status == 1);
  CHECK(runner.run({"checkpoint", "--help"}).status == 0);
  CHECK(recorded.calls.empty());
}

TEST_CASE("checkpoint and restore get absolute paths, and CRIU from the caller's PATH", "[cli]") {
  const TempDir directory;
  directory.write("criu", "#!/bin/sh\n");
  REQUIRE(::chmod((directory / "criu").c_str(), 0755) == 0);
  Runner runner;
  const std::string path = "relative::/nonexistent:" + directory.path();
  runner.environment.path = path;
  CHECK(runner.run({"checkpoint", "--image-path=/i/../j", "--parent-path=../p", "x"}).status == 0);
  CHECK(recorded.calls ==
        std::vector<std::string>{"checkpoint x /j " + (directory / "criu") + " ../p"});
  recorded.calls.clear();
  recorded.status = 7;
  CHECK(runner.run({"restore", "--lsm-profile", "apparmor:p", "--no-pivot", "x"}).status == 7);
  CHECK(recorded.calls == std::vector<std::string>{"restore x apparmor:p"});
}

TEST_CASE("spec writes a new config.json and never over an old one", "[cli]") {
  Runner runner;
  runner.environment.euid = 5;
  runner.environment.egid = 6;
  const char* bundle = runner.directory.path().c_str();

  CHECK(runner.run({"spec", "--bundle", bundle, "--rootless"}).status == 0);
  CHECK(runner.directory.read("config.json") == "rootless 5 6");

  const Outcome again = runner.run({"spec", "-b", bundle});
  CHECK(again.status == 1);
  CHECK(contains(again.error, "File config.json exists. Remove it first"));
  CHECK(runner.directory.read("config.json") == "rootless 5 6");

  CHECK(runner.run({"spec", "-b", bundle, "--file", "other.json"}).status == 0);
  CHECK(runner.directory.read("other.json") == "root 5 6");
}

TEST_CASE("only create and run make a root below XDG_RUNTIME_DIR", "[cli]") {
  Runner runner;
  runner.environment.xdg_runtime_dir = runner.directory.path();
  const std::string root = runner.directory / "myrt";

  CHECK(runner.run({"--rootless=true", "state", "x"}).status == 0);
  CHECK(recorded.context.root == root);
  CHECK(::access(root.c_str(), F_OK) != 0);

  CHECK(runner.run({"--rootless=true", "create", "x"}).status == 0);
  CHECK(::access(root.c_str(), F_OK) == 0);
}

TEST_CASE("the binary is protected for the commands that enter a container",
          "[cli][CVE-2019-5736]") {
  CHECK(enters_container(ParsedWords({"create", "x"}).line));
  CHECK(enters_container(ParsedWords({"run", "x"}).line));
  CHECK(enters_container(ParsedWords({"exec", "x", "sh"}).line));
  CHECK_FALSE(enters_container(ParsedWords({"state", "x"}).line));
  CHECK_FALSE(enters_container(ParsedWords({"create", "--help"}).line));
  CHECK_FALSE(enters_container(ParsedWords({"create"}).line));
  CHECK_FALSE(enters_container(ParsedWords({"--version"}).line));

  Runner runner;
  const Outcome outcome =
      runner.run({"exec", "x", "sh"}, make_error(ErrorCode::system, "seal: no memory"));
  CHECK(outcome.status == 255);
  CHECK(contains(outcome.error, "seal: no memory"));
  CHECK(recorded.calls.empty());
}
