// Resources -> writes for cgroup v1, one pure function per controller. `pointer` is where the
// resources object is in the document.
#pragma once

#include <cstdint>
#include <string>

#include "cgroups/write.h"
#include "oci-spec/spec_linux.h"
#include "sys/result.h"

namespace myrt::cgroups::v1 {

Result<Writes> cpu_writes(const oci::CpuResources& cpu, const std::string& pointer);
// Before joining: a realtime process cannot join a cgroup without realtime bandwidth (CCP-04).
Writes realtime_writes(const oci::CpuResources& cpu, const std::string& pointer);
Result<Writes> memory_writes(const oci::MemoryResources& memory, const std::string& pointer);
Result<Writes> blkio_writes(const oci::BlockIoResources& block_io, const std::string& pointer);
Writes pids_writes(std::int64_t limit, const std::string& pointer);
Result<Writes> network_writes(const oci::NetworkResources& network, const std::string& pointer);

}  // namespace myrt::cgroups::v1
