// Parsing of the statistics files that cgroup v1 and v2 share.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cgroups/stats.h"
#include "sys/result.h"

namespace myrt::cgroups {

Result<CpuStats> cpu_stats_v2(const std::string& directory);
Result<Stats> stats_v1(const Location& location);
Result<Stats> stats_v2(const std::string& directory);

// "max" is UINT64_MAX; "-1" too (v1). Errors: invalid_argument with the file's name.
Result<std::uint64_t> parse_number(std::string_view text, std::string_view file);
// Lines of "key value"; lines that are not so are passed over.
std::map<std::string, std::uint64_t> parse_flat_keyed(std::string_view text);
Result<Pressure> parse_pressure(std::string_view text);
// "0-3,7" -> 0 1 2 3 7
Result<std::vector<std::uint16_t>> parse_list(std::string_view text);
// Lines of "8:0 Read 17" or "8:0 17"; the "Total" line is left out.
std::vector<BlkioEntry> parse_blkio(std::string_view text);
// Lines of "dev hca_handle=2 hca_object=max".
std::vector<RdmaEntry> parse_rdma(std::string_view text);

// nullopt when the file is not there.
Result<std::optional<std::uint64_t>> read_number(const std::string& directory,
                                                 const std::string& file);
Result<std::map<std::string, std::uint64_t>> read_flat_keyed(const std::string& directory,
                                                             const std::string& file);
// nullopt also when the kernel keeps no pressure (EOPNOTSUPP, psi=0).
Result<std::optional<Pressure>> read_pressure(const std::string& directory,
                                              const std::string& file);
Result<RdmaStats> read_rdma(const std::string& directory);
// The page sizes of `directory`'s hugetlb files that end in `suffix` (".current").
Result<std::vector<std::string>> huge_page_sizes(const std::string& directory,
                                                 std::string_view suffix);

}  // namespace myrt::cgroups
