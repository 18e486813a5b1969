// What a valid configuration asks for that this kernel, host or bundle has not got.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oci-spec/inspect.h"
#include "oci-spec/spec.h"
#include "runtime/plan/container_plan.h"
#include "sys/procfs.h"

namespace myrt::inspection {

struct Subject {
  const oci::Spec& spec;
  const std::string& bundle;                       // absolute
  const std::optional<plan::ContainerPlan>& plan;  // absent when the configuration has none
  const sys::Procfs& procfs;
};

using Remarks = std::vector<oci::Remark>;

inline void add_host(Remarks& remarks, std::string pointer, std::string message) {
  remarks.push_back({oci::Severity::host, std::move(pointer), std::move(message), 0, 0, {}});
}

// Kernel: namespaces, cgroup controllers, filesystems, seccomp actions, sysctls, CPUs, limits.
// Asks the kernel by trying where that changes nothing, by its own lists otherwise.
void kernel_problems(const Subject& subject, Remarks& remarks);

// Files: the rootfs, bind sources, hooks, the program, namespace paths, listeners.
void file_problems(const Subject& subject, Remarks& remarks);

}  // namespace myrt::inspection
