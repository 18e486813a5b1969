// Reading and removing directories of a cgroup hierarchy.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cgroups/cgroup.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::cgroups {

// The container's directory in the unified hierarchy, or in the v1 one that has `controller`;
// nullptr when there is none.
const std::string* unified_directory(const Location& location);
const std::string* directory_of(const Location& location, std::string_view controller);
bool has_controller(std::string_view joined_controllers, std::string_view controller);

// "a b\nc" -> a, b, c
std::vector<std::string> split_words(std::string_view text);
// The value of `key` in a file of "key value" lines. nullopt when it is not there.
std::optional<std::uint64_t> flat_keyed_value(std::string_view text, std::string_view key);

// The names of the sub-cgroups of a directory. Empty when it is gone.
Result<std::vector<std::string>> child_cgroups(const std::string& directory);
// Pids in one cgroup / in it and everything below, unsorted. Pids that this pid namespace does not
// see are left out. Empty when it is gone.
Result<std::vector<pid_t>> pids_in(const std::string& directory);
Result<std::vector<pid_t>> pids_below(const std::string& directory);

// nullopt when the file (or the cgroup) is gone: ENOENT, ENODEV.
Result<std::optional<std::string>> read_if_present(const std::string& path);

// rmdir of the directory and all below it, waiting for dying processes. True: it is gone; false:
// the time ran out.
Result<bool> remove_directory(const std::string& directory,
                              std::chrono::steady_clock::time_point deadline);

}  // namespace myrt::cgroups
