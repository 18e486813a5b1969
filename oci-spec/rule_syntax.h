// The small languages inside the config's strings. Pure; private to this folder.
#pragma once

#include <string_view>

namespace myrt::oci {

// SemVer 2.0.0: "1.2.3", "1.0.2-dev", "1.3.0-rc.1+build.5".
bool is_semantic_version(std::string_view text);

// A list of numbers and ranges up to `max`, as in cpuset(7): "0-3,7". Blanks around the numbers are
// allowed, as the spec's schema has it. The empty string is no list.
bool is_number_list(std::string_view text, unsigned max);

// A page size as hugetlb's file names have it: "64KB", "2MB", "1GB".
bool is_page_size(std::string_view text);

// A name that the kernel takes for a network interface (dev_valid_name).
bool is_interface_name(std::string_view text);

inline bool is_absolute(std::string_view path) { return path.starts_with('/'); }

}  // namespace myrt::oci
