#include "runtime/cli/arguments.h"

#include <fmt/format.h>

#include "tests/support/catch.h"
#include "tests/unit/runtime/cli/command_line_of.h"

using namespace myrt::cli;
using myrt::test::ParsedWords;

TEST_CASE("every syntax of an option with a value gives the same value", "[cli][contract-0.17]") {
  const auto parsed = GENERATE(
      ParsedWords({"create", "--bundle", "/b", "web1"}),
      ParsedWords({"create", "--bundle=/b", "web1"}),
      ParsedWords({"create", "-bundle", "/b", "web1"}),
      ParsedWords({"create", "-bundle=/b", "web1"}), ParsedWords({"create", "-b", "/b", "web1"}),
      ParsedWords({"create", "-b=/b", "web1"}), ParsedWords({"create", "web1", "--bundle", "/b"}),
      ParsedWords({"create", "--bundle", "/b", "--", "web1"}));

  REQUIRE_FALSE(parsed.line.error);
  CHECK(parsed.line.command->id == CommandId::create);
  CHECK(parsed.line.options.text("bundle") == "/b");
  CHECK(parsed.line.arguments == std::vector<std::string_view>{"web1"});
}

TEST_CASE("every option of every command has every syntax", "[cli][contract-0.17]") {
  for (const CommandEntry& command : commands()) {
    for (const OptionEntry& option : command.options) {
      const std::string value = option.kind == OptionKind::duration ? "7s" : "7";
      const std::string name(option.name);
      std::vector<std::vector<std::string>> spellings;
      for (std::string word : {"--" + name, "-" + name, std::string("-") + option.short_name}) {
        if (word.back() == 0) continue;
        if (option.kind == OptionKind::flag) {
          spellings.push_back({word});
          spellings.push_back({word + "=true"});
        } else {
          spellings.push_back({word, value});
          spellings.push_back({word + "=" + value});
        }
      }
      for (const auto& spelling : spellings) {
        std::vector<const char*> words = {command.name.data()};
        for (const std::string& word : spelling) words.push_back(word.c_str());
        INFO(fmt::format("{}", fmt::join(words, " ")));
        const CommandLine line = parse_command_line(words, "myrt");
        CHECK(line.options.text(name) == (option.kind == OptionKind::flag ? "true" : value));
      }
    }
  }
}

TEST_CASE("go-runc's single-dash long flag is understood", "[cli][contract-0.17]") {
  const ParsedWords parsed({"run", "-no-subreaper", "-detach", "web1"});

  REQUIRE_FALSE(parsed.line.error);
  CHECK(parsed.line.options.on("no-subreaper"));
  CHECK(parsed.line.options.on("detach"));
}

TEST_CASE("a flag can be switched off by its value, and the last one counts", "[cli]") {
  CHECK_FALSE(ParsedWords({"delete", "--force=false", "x"}).line.options.on("force"));
  CHECK_FALSE(ParsedWords({"delete", "-f=0", "x"}).line.options.on("force"));
  CHECK(ParsedWords({"delete", "--force=false", "--force", "x"}).line.options.on("force"));
  const ParsedWords wrong({"delete", "--force=maybe", "x"});
  REQUIRE(wrong.line.error);
  CHECK(wrong.line.error->message == "invalid value `maybe` for --force: expected true or false");
}

TEST_CASE("a value may start with a dash or hold an equals sign", "[cli]") {
  CHECK(ParsedWords({"update", "--memory-swap", "-1", "x"}).line.options.text("memory-swap") ==
        "-1");
  CHECK(ParsedWords({"update", "--resources", "-", "x"}).line.options.text("resources") == "-");
  CHECK(ParsedWords({"exec", "--env=A=B=C", "x", "sh"}).line.options.list("env") ==
        std::vector<std::string>{"A=B=C"});
}

TEST_CASE("a repeated global option counts by its last occurrence", "[cli][contract-0.17]") {
  const ParsedWords parsed(
      {"--root=/a", "--systemd-cgroup", "--root=/b", "--systemd-cgroup", "state", "x"});

  REQUIRE_FALSE(parsed.line.error);
  CHECK(parsed.line.globals.text("root") == "/b");
  CHECK(parsed.line.globals.on("systemd-cgroup"));
}

TEST_CASE("a repeated list option keeps every value in order", "[cli]") {
  const ParsedWords parsed({"exec", "-e", "A=1", "--env", "B=2", "-e=C=3", "x", "sh"});

  CHECK(parsed.line.options.list("env") == std::vector<std::string>{"A=1", "B=2", "C=3"});
}

TEST_CASE("everything after exec's container id belongs to the command", "[cli][contract-1.6]") {
  const ParsedWords parsed({"exec", "-d", "web1", "sh", "-c", "--tty", "--", "-x"});

  REQUIRE_FALSE(parsed.line.error);
  CHECK(parsed.line.options.on("detach"));
  CHECK_FALSE(parsed.line.options.has("tty"));
  CHECK(parsed.line.arguments ==
        std::vector<std::string_view>{"web1", "sh", "-c", "--tty", "--", "-x"});
}

TEST_CASE("everything after ps's container id belongs to ps(1)", "[cli]") {
  const ParsedWords parsed({"ps", "web1", "-o", "pid,cmd"});

  REQUIRE_FALSE(parsed.line.error);
  CHECK(parsed.line.arguments == std::vector<std::string_view>{"web1", "-o", "pid,cmd"});
}

TEST_CASE("options of other commands may follow the arguments", "[cli]") {
  const ParsedWords parsed({"kill", "web1", "--all", "KILL"});

  REQUIRE_FALSE(parsed.line.error);
  CHECK(parsed.line.options.on("all"));
  CHECK(parsed.line.arguments == std::vector<std::string_view>{"web1", "KILL"});
}

TEST_CASE("two dashes end the options", "[cli]") {
  const ParsedWords parsed({"state", "--", "-x"});

  REQUIRE_FALSE(parsed.line.error);
  CHECK(parsed.line.arguments == std::vector<std::string_view>{"-x"});
}

TEST_CASE("letters of flags may be joined, but a misspelt option is never taken for them",
          "[cli]") {
  const ParsedWords joined({"exec", "-dt", "x", "sh"});
  REQUIRE_FALSE(joined.line.error);
  CHECK(joined.line.options.on("detach"));
  CHECK(joined.line.options.on("tty"));

  REQUIRE(ParsedWords({"exec", "-detahc", "x", "sh"}).line.error);
  REQUIRE(ParsedWords({"exec", "-de", "x", "sh"}).line.error);
  REQUIRE(ParsedWords({"exec", "--d", "x", "sh"}).line.error);
}

TEST_CASE("an unknown option is an error that names the closest one", "[cli]") {
  const ParsedWords command({"create", "--bundel", "/b", "x"});
  REQUIRE(command.line.error);
  CHECK(command.line.error->message ==
        "flag provided but not defined: -bundel (did you mean `--bundle`?)");
  CHECK(command.line.error->exit_status == 1);
  CHECK(command.line.error->show == UsageError::Show::command_help);

  const ParsedWords global({"--debgu", "state", "x"});
  REQUIRE(global.line.error);
  CHECK(global.line.error->message ==
        "flag provided but not defined: -debgu (did you mean `--debug`?)");
  CHECK(global.line.error->show == UsageError::Show::global_help);

  const ParsedWords far({"state", "--bogus", "x"});
  REQUIRE(far.line.error);
  CHECK(far.line.error->message == "flag provided but not defined: -bogus");
}

TEST_CASE("a global option behind the command is an error that says where it goes", "[cli]") {
  const ParsedWords parsed({"state", "--root", "/r", "x"});

  REQUIRE(parsed.line.error);
  CHECK(parsed.line.error->message ==
        "flag provided but not defined: -root (a global option: it goes before `state`)");
}

TEST_CASE("an unknown command exits with 3 in runc's words", "[cli][contract-2.1]") {
  const ParsedWords parsed({"stat", "-h"});

  REQUIRE(parsed.line.error);
  CHECK(parsed.line.error->message == "No help topic for 'stat' (did you mean `start`?)");
  CHECK(parsed.line.error->exit_status == 3);
  CHECK(ParsedWords({"help", "foo"}).line.error->message == "No help topic for 'foo'");
  const std::vector<const char*> words = {"foo"};
  CHECK(parse_command_line(words, "crun").error->exit_status == 1);
}

TEST_CASE("wrong numbers of arguments are refused in runc's words", "[cli][contract-2.1]") {
  CHECK(ParsedWords({"state"}).line.error->message ==
        "myrt: \"state\" requires exactly 1 argument(s)");
  CHECK(ParsedWords({"run", "a", "b"}).line.error->message ==
        "myrt: \"run\" requires exactly 1 argument(s)");
  CHECK(ParsedWords({"list", "a"}).line.error->message ==
        "myrt: \"list\" requires exactly 0 argument(s)");
  CHECK(ParsedWords({"kill"}).line.error->message ==
        "myrt: \"kill\" requires a minimum of 1 argument(s)");
  CHECK(ParsedWords({"kill", "a", "9", "b"}).line.error->message ==
        "myrt: \"kill\" requires a maximum of 2 argument(s)");
  CHECK(ParsedWords({"exec"}).line.error->message ==
        "myrt: \"exec\" requires a minimum of 1 argument(s)");
  CHECK(ParsedWords({"exec"}).line.error->exit_status == 1);
}

TEST_CASE("the probes of podman and CRI-O for checkpoint and restore get their answers",
          "[cli][contract-0.15]") {
  const ParsedWords help({"checkpoint", "--help"});
  CHECK_FALSE(help.line.error);
  CHECK(help.line.request == Request::command_help);

  const ParsedWords probe({"restore", "--lsm-mount-context"});
  REQUIRE(probe.line.error);
  CHECK(probe.line.error->message == "flag needs an argument: -lsm-mount-context");
}

TEST_CASE("integers and durations are checked while parsing", "[cli]") {
  CHECK(ParsedWords({"create", "--preserve-fds", "x", "a"}).line.error->message ==
        "invalid value `x` for --preserve-fds: expected an integer that is not negative");
  CHECK(ParsedWords({"create", "--preserve-fds=-1", "a"}).line.error);
  CHECK(ParsedWords({"events", "--interval", "5", "a"}).line.error);
  CHECK_FALSE(ParsedWords({"events", "--interval", "100ms", "a"}).line.error);
}

TEST_CASE("help and version are recognised wherever they are asked for", "[cli]") {
  CHECK(ParsedWords({}).line.request == Request::global_help);
  CHECK(ParsedWords({"-h"}).line.request == Request::global_help);
  CHECK(ParsedWords({"--help"}).line.request == Request::global_help);
  CHECK(ParsedWords({"help"}).line.request == Request::global_help);
  CHECK(ParsedWords({"--version"}).line.request == Request::version);
  CHECK(ParsedWords({"-v"}).line.request == Request::version);
  CHECK(ParsedWords({"state", "-h"}).line.request == Request::command_help);
  CHECK(ParsedWords({"state", "--help", "x", "y"}).line.request == Request::command_help);
  const ParsedWords topic({"h", "exec"});
  CHECK(topic.line.request == Request::command_help);
  CHECK(topic.line.command->id == CommandId::exec);
}
