#include "manual/pages.h"

#include <algorithm>

#include "manual/completions.h"
#include "manual/errors_document.h"
#include "manual/roff.h"
#include "manual/texts.h"
#include "runtime/cli/options_table.h"
#include "shim/arguments.h"
#include "shim/options.h"
#include "tests/support/catch.h"

using namespace myrt;

namespace {

const manual::Page* find(const std::vector<manual::Page>& pages, const std::string& file) {
  for (const manual::Page& page : pages) {
    if (page.file == file) return &page;
  }
  return nullptr;
}

std::vector<manual::Page> all_pages() {
  return manual::pages({.version = "1.0", .date = "2026-01-31"}).value();
}

}  // namespace

TEST_CASE("every command has a page, and every option stands in it") {
  const auto pages = all_pages();
  const manual::Page* program = find(pages, "man1/myrt.1");
  REQUIRE(program != nullptr);
  for (const cli::OptionEntry& option : cli::global_options()) {
    CHECK(program->text.find(manual::roff_inline(fmt::format("--{}", option.name))) !=
          std::string::npos);
  }
  for (const cli::CommandEntry& command : cli::commands()) {
    CAPTURE(command.name);
    const manual::Page* page = find(pages, fmt::format("man1/myrt-{}.1", command.name));
    REQUIRE(page != nullptr);
    CHECK(program->text.find(manual::roff_inline(fmt::format("myrt-{}", command.name))) !=
          std::string::npos);
    for (const cli::OptionEntry& option : command.options) {
      CHECK(page->text.find(manual::roff_inline(fmt::format("--{}", option.name))) !=
            std::string::npos);
      CHECK(page->text.find(manual::roff_inline(option.help)) != std::string::npos);
    }
  }
}

TEST_CASE("no text of the manual is about a command that is not there") {
  for (const manual::CommandText& text : manual::command_texts()) {
    CAPTURE(text.name);
    CHECK(cli::find_command(text.name) != nullptr);
  }
}

TEST_CASE("the shim's page has each of its flags and options, and no other") {
  const auto pages = all_pages();
  const manual::Page* page = find(pages, "man8/containerd-shim-myrt-v2.8");
  REQUIRE(page != nullptr);
  const auto names_of = [](std::span<const manual::ShimWord> words) {
    std::vector<std::string_view> names;
    for (const manual::ShimWord& word : words) names.push_back(word.name);
    std::ranges::sort(names);
    return names;
  };
  auto flags = shim::flag_names();
  auto options = shim::option_names();
  std::ranges::sort(flags);
  std::ranges::sort(options);
  CHECK(names_of(manual::shim_flags()) == flags);
  CHECK(names_of(manual::shim_options()) == options);
  for (const std::string_view flag : flags) {
    CHECK(page->text.find(manual::roff_inline(fmt::format("-{}", flag))) != std::string::npos);
  }
}

TEST_CASE("every error code and phase is explained") {
  const auto pages = all_pages();
  const manual::Page* page = find(pages, "man7/myrt-errors.7");
  REQUIRE(page != nullptr);
  const std::string document = manual::errors_document();
  for (unsigned code = 0; to_string(static_cast<ErrorCode>(code)) != "unknown"; ++code) {
    const std::string_view name = to_string(static_cast<ErrorCode>(code));
    CHECK(cli::code_texts()[code].code == static_cast<ErrorCode>(code));
    CHECK(page->text.find(manual::roff_inline(name)) != std::string::npos);
    CHECK(document.find(fmt::format("| `{}` |", name)) != std::string::npos);
  }
  for (unsigned phase = 0; to_string(static_cast<Phase>(phase)) != "unknown"; ++phase) {
    const std::string_view name = to_string(static_cast<Phase>(phase));
    CHECK(cli::phase_texts()[phase].phase == static_cast<Phase>(phase));
    CHECK(page->text.find(manual::roff_inline(name)) != std::string::npos);
    CHECK(document.find(fmt::format("| `{}` |", name)) != std::string::npos);
  }
}

TEST_CASE("each completion knows every command and option") {
  for (const std::string& script :
       {manual::bash_completion(), manual::zsh_completion(), manual::fish_completion()}) {
    for (const cli::CommandEntry& command : cli::commands()) {
      CHECK(script.find(command.name) != std::string::npos);
      for (const cli::OptionEntry& option : command.options) {
        CAPTURE(command.name, option.name);
        const bool known = script.find(fmt::format("--{}", option.name)) != std::string::npos ||
                           script.find(fmt::format("-l {}", option.name)) != std::string::npos;
        CHECK(known);
      }
    }
  }
}

TEST_CASE("text becomes roff without accidents") {
  CHECK(manual::roff_inline("a `--b` c") == "a \\fB\\-\\-b\\fR c");
  CHECK(manual::roff_inline(".x \\ ~ ^ '") == "\\&.x \\e \\(ti \\(ha \\(aq");
  CHECK(manual::roff_paragraphs("a\n\n    b -c\n    d\n\ne") ==
        "a\n.PP\n.in +4n\n.nf\nb \\-c\nd\n.fi\n.in\n.PP\ne\n");
}
