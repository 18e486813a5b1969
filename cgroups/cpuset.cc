#include "cgroups/resource_values.h"

namespace myrt::cgroups {

Writes cpuset_writes(const oci::CpuResources& cpu, const std::string& pointer) {
  Writes writes;
  if (!cpu.cpus.empty()) {
    writes.push_back({.controller = "cpuset",
                      .file = "cpuset.cpus",
                      .value = cpu.cpus,
                      .pointer = pointer + "/cpus"});
  }
  if (!cpu.mems.empty()) {
    writes.push_back({.controller = "cpuset",
                      .file = "cpuset.mems",
                      .value = cpu.mems,
                      .pointer = pointer + "/mems"});
  }
  return writes;
}

}  // namespace myrt::cgroups
