// Resources -> writes for cgroup v2, one pure function per controller. `pointer` is where the
// resources object is in the document.
#pragma once

#include <cstdint>
#include <string>

#include "cgroups/write.h"
#include "oci-spec/spec_linux.h"
#include "sys/result.h"

namespace myrt::cgroups::v2 {

// CCP-01: the curve that takes shares 2, 1024, 262144 to weight 1, 100, 10000.
std::uint64_t weight_of_shares(std::uint64_t shares);
// CBI-01: 10..1000 -> 1..10000.
std::uint64_t io_weight_of_weight(std::uint16_t weight);

Result<Writes> cpu_writes(const oci::CpuResources& cpu, const std::string& pointer);
Result<Writes> memory_writes(const oci::MemoryResources& memory, const std::string& pointer);
Result<Writes> io_writes(const oci::BlockIoResources& block_io, const std::string& pointer);
Writes pids_writes(std::int64_t limit, const std::string& pointer);
// CUN-01, CUN-03: any file of the cgroup; a value of several lines is one write per line.
Result<Writes> unified_writes(const oci::Resources& resources, const std::string& pointer);

}  // namespace myrt::cgroups::v2
