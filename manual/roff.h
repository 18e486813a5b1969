// Text as man(7) macros. Pure.
#pragma once

#include <string>
#include <string_view>

namespace myrt::manual {

// Special characters escaped; what stands in backquotes becomes bold.
std::string roff_inline(std::string_view text);
// Paragraphs separated by empty lines; those of lines with four blanks in front are examples.
std::string roff_paragraphs(std::string_view text);
// .TH
std::string roff_title(std::string_view name, int section, std::string_view date,
                       std::string_view version, std::string_view manual);
std::string roff_heading(std::string_view title);
// .TP: a tag and what belongs to it. Both are inline text; the tag is given with its own fonts.
std::string roff_tagged(std::string_view tag, std::string_view text);

}  // namespace myrt::manual
