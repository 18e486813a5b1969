#include "manual/pages.h"

#include <algorithm>

#include "manual/errors_document.h"
#include "manual/roff.h"
#include "manual/texts.h"
#include "oci-spec/documents.h"
#include "runtime/cli/error_texts.h"
#include "runtime/cli/options_table.h"

namespace myrt::manual {
namespace {

using cli::CommandEntry;
using cli::OptionEntry;

constexpr std::string_view kUserCommands = "User commands";
constexpr std::string_view kAdministration = "System administration";
constexpr std::string_view kMiscellanea = "Miscellanea";

Error lacks_text(std::string_view what, std::string_view name) {
  return make_error(ErrorCode::internal, fmt::format("manual/: no text for {} `{}`", what, name));
}

std::string option_tag(const OptionEntry& option) {
  const std::string value =
      option.value_name.empty() ? "" : fmt::format(" \\fI{}\\fR", roff_inline(option.value_name));
  std::string tag =
      fmt::format("\\fB{}\\fR{}", roff_inline(fmt::format("--{}", option.name)), value);
  if (option.short_name != 0) tag += fmt::format(", \\fB\\-{}\\fR{}", option.short_name, value);
  return tag;
}

std::string options(std::span<const OptionEntry> entries) {
  std::string text;
  for (const OptionEntry& option : entries) {
    text += roff_tagged(option_tag(option), option.help);
  }
  if (cli::find_option(entries, cli::help_option().name) == nullptr) {
    text += roff_tagged(option_tag(cli::help_option()), cli::help_option().help);
  }
  return text;
}

std::string reference(std::string_view name, int section) {
  return fmt::format("\\fB{}\\fR({})", roff_inline(name), section);
}

std::string see_also(const std::vector<std::string>& references) {
  return roff_heading("SEE ALSO") + fmt::format("{}\n", fmt::join(references, ", "));
}

Page command_page(const CommandEntry& command, const CommandText& text, const Edition& edition) {
  const std::string name = fmt::format("myrt-{}", command.name);
  std::string page = roff_title(name, 1, edition.date, edition.version, kUserCommands);
  page += roff_heading("NAME") +
          fmt::format("{} \\- {}\n", roff_inline(name), roff_inline(command.summary));
  page += roff_heading("SYNOPSIS");
  page += fmt::format("\\fBmyrt\\fR [\\fIglobal options\\fR] \\fB{}\\fR [\\fIoptions\\fR] {}\n",
                      command.name, roff_inline(command.arguments));
  page += roff_heading("DESCRIPTION") + roff_paragraphs(text.description);
  page += roff_heading("OPTIONS") + options(command.options);
  page += roff_heading("EXIT STATUS");
  page += roff_paragraphs(text.exit_status.empty() ? "0, or 1 after an error." : text.exit_status);
  page += roff_heading("EXAMPLES") + roff_paragraphs(text.examples);
  std::vector<std::string> references = {reference("myrt", 1)};
  for (std::string_view rest = text.see_also; !rest.empty();) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    references.push_back(reference(fmt::format("myrt-{}", word), 1));
  }
  references.push_back(reference("myrt-errors", 7));
  page += see_also(references);
  return {fmt::format("man1/{}.1", name), page};
}

std::string sections(std::span<const Section> list) {
  std::string text;
  for (const Section& section : list) {
    text += roff_heading(section.title) + roff_paragraphs(section.text);
  }
  return text;
}

Page program_page(const Edition& edition) {
  std::string page = roff_title("myrt", 1, edition.date, edition.version, kUserCommands);
  page += roff_heading("NAME") + "myrt \\- Open Container Initiative runtime\n";
  page += roff_heading("SYNOPSIS");
  page +=
      "\\fBmyrt\\fR [\\fIglobal options\\fR] \\fIcommand\\fR [\\fIoptions\\fR] "
      "[\\fIarguments\\fR]\n";
  page += roff_heading("COMMANDS");
  for (const CommandEntry& command : cli::commands()) {
    page += roff_tagged(reference(fmt::format("myrt-{}", command.name), 1), command.summary);
  }
  page += roff_heading("GLOBAL OPTIONS") + options(cli::global_options());
  page += sections(program_sections());
  page += see_also({reference("myrt-errors", 7), reference("myrt-conformance", 7)});
  return {"man1/myrt.1", page};
}

std::string tagged(std::string_view name, std::string_view text) {
  return roff_tagged(fmt::format("\\fB{}\\fR", roff_inline(name)), text);
}

Page errors_page(const Edition& edition) {
  std::string page = roff_title("myrt-errors", 7, edition.date, edition.version, kMiscellanea);
  page += roff_heading("NAME") + "myrt\\-errors \\- what the errors of myrt mean\n";
  page += sections(error_sections());
  page += roff_heading("CODES");
  for (const cli::CodeText& text : cli::code_texts()) {
    page += tagged(to_string(text.code), fmt::format("{} {}", text.cause, text.remedy));
  }
  page += roff_heading("PHASES");
  for (const cli::PhaseText& text : cli::phase_texts()) {
    page += tagged(to_string(text.phase), text.text);
  }
  page += roff_heading("HINTS");
  for (const cli::Hint& hint : cli::hints()) {
    page += roff_tagged(roff_inline(describe(hint)), hint.text);
  }
  page +=
      see_also({reference("myrt", 1), reference("myrt-validate", 1), reference("myrt-doctor", 1)});
  return {"man7/myrt-errors.7", page};
}

Page conformance_page(const Edition& edition) {
  std::string page = roff_title("myrt-conformance", 7, edition.date, edition.version, kMiscellanea);
  page += roff_heading("NAME") +
          "myrt\\-conformance \\- how myrt follows the OCI runtime specification\n";
  page += sections(conformance_sections());
  page += roff_heading("VERSIONS");
  page +=
      roff_paragraphs(fmt::format("Configurations of version {} to {} of the specification; a "
                                  "newer minor version is run as {}.",
                                  oci::kVersionMin, oci::kVersionMax, oci::kVersionMax));
  page += see_also(
      {reference("myrt", 1), reference("myrt-features", 1), reference("myrt-validate", 1)});
  return {"man7/myrt-conformance.7", page};
}

std::string shim_word(std::string_view mark, const ShimWord& word, std::string_view between) {
  const std::string value =
      word.value.empty() ? "" : fmt::format("{}\\fI{}\\fR", between, roff_inline(word.value));
  const std::string name = roff_inline(fmt::format("{}{}", mark, word.name));
  return roff_tagged(fmt::format("\\fB{}\\fR{}", name, value), word.text);
}

Page shim_page(const Edition& edition) {
  const std::string name = "containerd-shim-myrt-v2";
  std::string page = roff_title(name, 8, edition.date, edition.version, kAdministration);
  page += roff_heading("NAME") + roff_inline(name) +
          " \\- shim of containerd with the myrt runtime linked in\n";
  page += roff_heading("SYNOPSIS");
  page += fmt::format(
      "\\fB{0}\\fR \\-namespace \\fINAME\\fR \\-id \\fIID\\fR [\\fIflags\\fR] start\n.br\n"
      "\\fB{0}\\fR \\-namespace \\fINAME\\fR \\-id \\fIID\\fR [\\fIflags\\fR] delete\n.br\n"
      "\\fB{0}\\fR \\-v | \\-info\n",
      roff_inline(name));
  page += sections(shim_sections_before());
  page += roff_heading("FLAGS");
  for (const ShimWord& flag : shim_flags()) page += shim_word("-", flag, " ");
  page += roff_heading("RUNTIME OPTIONS");
  page += roff_paragraphs(
      "Lines of `Name = value` in the file that the runtime's `ConfigPath` names, or those that "
      "containerd sends for runc. An option by an unknown name is an error.");
  for (const ShimWord& option : shim_options()) page += shim_word("", option, " = ");
  page += sections(shim_sections_after());
  page += see_also({reference("myrt", 1), reference("myrt-errors", 7)});
  return {fmt::format("man8/{}.8", name), page};
}

}  // namespace

Result<std::vector<Page>> pages(const Edition& edition) {
  std::vector<Page> pages = {program_page(edition), errors_page(edition), conformance_page(edition),
                             shim_page(edition)};
  for (const CommandEntry& command : cli::commands()) {
    const auto texts = command_texts();
    const auto text = std::find_if(texts.begin(), texts.end(), [&](const CommandText& entry) {
      return entry.name == command.name;
    });
    if (text == texts.end()) return lacks_text("the command", command.name);
    pages.push_back(command_page(command, *text, edition));
  }
  return pages;
}

}  // namespace myrt::manual
