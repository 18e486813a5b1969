#include "runtime/cli/report_text.h"

#include <algorithm>
#include <array>

namespace myrt::cli {
namespace {

struct Word {
  std::string_view text;
  std::string_view colour;  // SGR parameters
};

// Indexed by the enumerators.
constexpr std::array<Word, 3> kSeverities = {{{"error", "31"}, {"host", "35"}, {"warning", "33"}}};
constexpr std::array<Word, 4> kVerdicts = {
    {{"ok", "32"}, {"note", "36"}, {"warning", "33"}, {"FAILURE", "31"}}};

std::string painted(std::string_view text, std::string_view sgr, Colour colour) {
  return colour == Colour::off ? std::string(text) : fmt::format("\x1b[{}m{}\x1b[0m", sgr, text);
}

std::string padded(std::string_view text, std::size_t width) {
  return fmt::format("{:<{}}", text, width);
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string remark_line(const std::string& file, const oci::Remark& remark, Colour colour) {
  const Word& word = kSeverities.at(static_cast<std::size_t>(remark.severity));
  std::string text = fmt::format("{}:{}:{}: {}: ", file, remark.line, remark.column,
                                 painted(word.text, word.colour, colour));
  if (!remark.pointer.empty()) text += remark.pointer + ": ";
  return text + fmt::format("{} [{}]\n", remark.message, remark.clause);
}

bool is_hidden(const EffectiveField& field, Fields fields) {
  return fields == Fields::differing && field.match != Match::differs;
}

std::string shown(const std::string& value) { return value.empty() ? "-" : value; }

}  // namespace

std::string validation_text(const Validation& validation, Colour colour) {
  std::array<std::size_t, 3> counts = {};
  std::string text;
  for (const oci::Remark& remark : validation.remarks) {
    ++counts.at(static_cast<std::size_t>(remark.severity));
    text += remark_line(validation.config, remark, colour);
  }
  const bool runnable = counts[0] == 0 && counts[1] == 0;
  return text + fmt::format(
                    "{}: {}: {}, {}, {}\n", validation.config,
                    runnable ? "can be run" : "cannot be run here",
                    counted(counts[0], "error", "errors"),
                    counted(counts[1], "thing missing on this host", "things missing on this host"),
                    counted(counts[2], "warning", "warnings"));
}

std::string effective_text(const Effective& effective, Fields fields, Colour colour) {
  std::size_t width = 0;
  std::size_t differing = 0;
  for (const EffectiveField& field : effective.fields) {
    if (field.match == Match::differs) ++differing;
    if (!is_hidden(field, fields)) width = std::max(width, field.name.size());
  }
  std::string text;
  for (const EffectiveField& field : effective.fields) {
    if (is_hidden(field, fields)) continue;
    std::string line = padded(field.name, width) + "  " + shown(field.applied);
    if (field.match == Match::unknown) line += "  (cannot be read)";
    if (field.match == Match::differs) line = painted(line, "31", colour);
    text += line + "\n";
    if (field.match == Match::differs) {
      text += fmt::format("{}  asked: {}{}\n", padded("", width), shown(field.asked),
                          field.pointer.empty() ? "" : " (" + field.pointer + ")");
    }
  }
  if (fields == Fields::differing && differing == 0) return text;
  return text + fmt::format("{} `{}`: {}\n", effective.state.id,
                            oci::to_string(effective.state.status),
                            differing == 0 ? "all as configured"
                                           : counted(differing, "value differs", "values differ"));
}

std::string doctor_text(const std::vector<Diagnosis>& diagnoses, Colour colour) {
  std::array<std::size_t, 4> counts = {};
  std::size_t width = 0;
  for (const Diagnosis& diagnosis : diagnoses) width = std::max(width, diagnosis.name.size());
  std::string text;
  for (const Diagnosis& diagnosis : diagnoses) {
    const auto index = static_cast<std::size_t>(diagnosis.verdict);
    ++counts.at(index);
    const Word& word = kVerdicts.at(index);
    text += fmt::format("{}  {}  {}\n", painted(padded(word.text, 7), word.colour, colour),
                        padded(diagnosis.name, width), diagnosis.finding);
    if (!diagnosis.consequence.empty()) text += "         so:  " + diagnosis.consequence + "\n";
    if (!diagnosis.fix.empty()) text += "         fix: " + diagnosis.fix + "\n";
  }
  return text + fmt::format("{} ok, {}, {}, {}\n", counts[0], counted(counts[1], "note", "notes"),
                            counted(counts[2], "warning", "warnings"),
                            counted(counts[3], "failure", "failures"));
}

std::string gc_text(const std::vector<Reclaimed>& reclaimed, Switch dry_run) {
  const char* done = dry_run == Switch::on ? "would be removed" : "removed";
  std::string text;
  for (const Reclaimed& entry : reclaimed) {
    text += entry.error ? fmt::format("{}: not removed: {}: {}\n", entry.id, entry.reason,
                                      entry.error->message)
                        : fmt::format("{}: {}: {}\n", entry.id, done, entry.reason);
    for (const Leftover& held : entry.held) text += fmt::format("  {} {}\n", held.kind, held.name);
  }
  return text;
}

}  // namespace myrt::cli
