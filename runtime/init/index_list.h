// Lists like "0-3,7" (cpuset(7), "List format") as bit masks for sched_setaffinity and
// set_mempolicy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sys/result.h"

namespace myrt::init {

// Bit N of the mask is index N; as many words as the highest index needs, so empty for "".
using IndexMask = std::vector<unsigned long>;

// Blanks around elements and empty elements are accepted, as the kernel's own parser does. Indexes
// end at 65535, beyond every kernel's NR_CPUS and MAX_NUMNODES. Errors: invalid_argument.
Result<IndexMask> parse_index_list(std::string_view text);
// "0-3,7"
std::string to_string(const IndexMask& mask);

}  // namespace myrt::init
