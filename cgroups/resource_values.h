// What the v1 and v2 conversions share: checks of values, and the spelling of limits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cgroups/write.h"
#include "oci-spec/spec_linux.h"
#include "sys/result.h"

namespace myrt::cgroups {

// "max" for a negative limit.
std::string max_or_number(std::int64_t limit);
// "8:16"
std::string device_numbers(std::int64_t major, std::int64_t minor);
// CHP-01: "2MB", "1GB"; anything else could name another file. Errors: invalid_config.
Result<> check_page_size(std::string_view page_size, const std::string& pointer);
// Errors: invalid_config when idle is not 0 or 1, or the burst exceeds the quota.
Result<> check_cpu(const oci::CpuResources& cpu, const std::string& pointer);
Write cpu_write(const char* file, std::string value, std::string pointer, bool interdependent);
// The files that are the same on v1 and v2: cpuset.cpus and cpuset.mems.
Writes cpuset_writes(const oci::CpuResources& cpu, const std::string& pointer);
// hugetlb.SIZE.FILE and its reservation; `limit_file` is limit_in_bytes on v1 and max on v2.
Result<Writes> hugetlb_writes(const std::vector<oci::HugepageLimit>& limits, const char* limit_file,
                              const std::string& pointer);
// "dev hca_handle=N hca_object=M" per device (the file is the same on v1 and v2). CRD-01.
Result<Writes> rdma_writes(const oci::Resources& resources, const std::string& pointer);
// Errors: invalid_config when a device has neither weight nor leafWeight (CBI-03).
Result<> check_weight_device(const oci::WeightDevice& device, const std::string& pointer);
// RFC 6901 escape of one reference token.
std::string pointer_token(std::string_view token);
// A value inside a kernel file's line: without white space and control characters.
bool is_plain_word(std::string_view word);

}  // namespace myrt::cgroups
