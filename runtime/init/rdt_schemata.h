// Lines of a resctrl `schemata` file: "L3:0=fffff;1=7f0" (Documentation/arch/x86/resctrl.rst).
#pragma once

#include <string>
#include <string_view>

namespace myrt::init {

// Whether every domain that `line` names has the same value in `schemata`, the text of the file
// (RDT-07). Values are compared as the kernel prints them, without leading zeros and whatever the
// case. A line that names no resource of the file is not in force.
bool schema_is_in_force(std::string_view line, std::string_view schemata);

// The line of `schemata` for a resource, without the blanks before it: "L3:0=fffff;1=7f0". Empty
// when there is none.
std::string schema_line(std::string_view schemata, std::string_view resource);

}  // namespace myrt::init
