#include "runtime/cli/help.h"

#include <set>

#include "runtime/cli/suggestion.h"
#include "tests/support/catch.h"

using namespace myrt::cli;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

void check_options(std::span<const OptionEntry> options, const std::string& help) {
  std::set<std::string_view> names;
  std::set<char> short_names;
  for (const OptionEntry& option : options) {
    INFO(option.name);
    CHECK_FALSE(option.help.empty());
    CHECK(option.help.find('\n') == std::string_view::npos);
    CHECK(contains(help, "   " + option_syntax(option) + " "));
    CHECK(contains(help, option.help));
    CHECK(names.insert(option.name).second);
    if (option.short_name != 0) CHECK(short_names.insert(option.short_name).second);
    CHECK(option.value_name.empty() == (option.kind == OptionKind::flag));
    CHECK(find_option(options, option.name) == &option);
  }
}

}  // namespace

TEST_CASE("every option of every command has a help text that its --help shows", "[cli]") {
  for (const CommandEntry& command : commands()) {
    INFO(command.name);
    const std::string help = command_help("myrt", command);
    CHECK_FALSE(command.summary.empty());
    CHECK(contains(help, "NAME:\n   myrt " + std::string(command.name) + " - "));
    CHECK(contains(help, command.arguments));
    CHECK(contains(help, "--help, -h"));
    check_options(command.options, help);
  }
}

TEST_CASE("the global help shows every command and every global option", "[cli]") {
  const std::string help = global_help("myrt");

  check_options(global_options(), help);
  for (const CommandEntry& command : commands()) {
    CHECK(contains(help, "\n   " + std::string(command.name) + " "));
    CHECK(contains(help, command.summary));
    CHECK(find_command(command.name) == &command);
  }
}

TEST_CASE("the global help starts as runc's test suite expects", "[cli]") {
  const std::string help = global_help("runc");

  CHECK(help.rfind("NAME:\n   runc - Open Container Initiative runtime\n", 0) == 0);
  CHECK_FALSE(contains(help, "VERSION"));
}

TEST_CASE("what is refused or has no effect says so in its help", "[cli]") {
  for (const CommandEntry& command : commands()) {
    INFO(command.name);
    CHECK((command.support == Support::refused) ==
          (command.summary.find("not supported yet") != std::string_view::npos));
    for (const OptionEntry& option : command.options) {
      INFO(option.name);
      CHECK((option.support == Support::refused) ==
            (option.help.find("not supported yet") != std::string_view::npos));
      CHECK((option.support == Support::no_effect) ==
            (option.help.find("without effect") != std::string_view::npos));
    }
  }
}

TEST_CASE("suggestions are for near misses only", "[cli]") {
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("debgu", "debug") == 1);
  CHECK(closest_command("delte") == "delete");
  CHECK(closest_command("frobnicate").empty());
  CHECK(closest_option(global_options(), "log-fromat") == "log-format");
  CHECK(did_you_mean("").empty());
}
