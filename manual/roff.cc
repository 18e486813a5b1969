#include "manual/roff.h"

#include <fmt/format.h>

namespace myrt::manual {
namespace {

std::string escaped(char c) {
  switch (c) {
    case '\\':
      return "\\e";
    case '-':
      return "\\-";
    case '\'':
      return "\\(aq";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    default:
      return std::string(1, c);
  }
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) result += escaped(c);
  // A full stop at the beginning of a line would be a macro.
  return result.starts_with('.') ? "\\&" + result : result;
}

std::string example(std::string_view paragraph) {
  std::string text = ".in +4n\n.nf\n";
  while (!paragraph.empty()) {
    std::string_view line = paragraph.substr(0, paragraph.find('\n'));
    paragraph.remove_prefix(std::min(line.size() + 1, paragraph.size()));
    if (line.starts_with("    ")) line.remove_prefix(4);
    text += escaped(line) + "\n";
  }
  return text + ".fi\n.in\n";
}

}  // namespace

std::string roff_inline(std::string_view text) {
  std::string result;
  bool bold = false;
  for (const char c : text) {
    if (c == '`') {
      bold = !bold;
      result += bold ? "\\fB" : "\\fR";
    } else {
      result += escaped(c);
    }
  }
  return result.starts_with('.') ? "\\&" + result : result;
}

std::string roff_paragraphs(std::string_view text) {
  std::string result;
  bool first = true;
  while (!text.empty()) {
    const std::string_view paragraph = text.substr(0, text.find("\n\n"));
    text.remove_prefix(std::min(paragraph.size() + 2, text.size()));
    if (!first) result += ".PP\n";  // not after a heading
    result += paragraph.starts_with("    ") ? example(paragraph) : roff_inline(paragraph) + "\n";
    first = false;
  }
  return result;
}

std::string roff_title(std::string_view name, int section, std::string_view date,
                       std::string_view version, std::string_view manual) {
  return fmt::format(".TH {} {} \"{}\" \"myrt {}\" \"{}\"\n", escaped(name), section, date, version,
                     manual);
}

std::string roff_heading(std::string_view title) { return fmt::format(".SH {}\n", title); }

std::string roff_tagged(std::string_view tag, std::string_view text) {
  return fmt::format(".TP\n{}\n{}\n", tag, roff_inline(text));
}

}  // namespace myrt::manual
