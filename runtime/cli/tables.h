// The tables of `list` and `ps`. Pure.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <string_view>

#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::cli {

// Columns ID PID STATUS BUNDLE CREATED OWNER, at least 12 wide, three spaces apart: byte for byte
// what Go's tabwriter makes of them in `runc list`, which scripts cut apart (contract §3).
std::string list_table(std::span<const ContainerInfo> containers);

// The header of ps(1)'s output and the rows whose PID column is one of `pids` (ascending). The
// column is found by its header; counted from the right when it is the last one, as a command line
// before it may hold spaces. Errors: invalid_argument (no PID column, or a row without a number).
Result<std::string> filter_ps_output(std::string_view output, std::span<const pid_t> pids);

// `[1,2]`, without a newline.
std::string pids_json(std::span<const pid_t> pids);

}  // namespace myrt::cli
