// Everything that a runtime could leave behind in the sandbox.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace faults {

using Census = std::set<std::string>;

// Cgroups, mounts, processes that are not ours, and the files of `directories`.
Census take_census(const std::vector<std::string>& directories);
// Takes it again until it is `expected`, for processes that are dying; what is too much and what is
// missing, or empty.
std::string difference(const Census& expected, const std::vector<std::string>& directories);

}  // namespace faults
