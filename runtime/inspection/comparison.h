// What a container's configuration asked for beside what the kernel applies, field by field.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/container/status.h"
#include "runtime/init/process_plan.h"
#include "runtime/myrt.h"
#include "runtime/plan/container_plan.h"
#include "sys/procfs.h"

namespace myrt::inspection {

// A live container and what was planned for it.
struct Original {
  const container::Container& found;
  const oci::Spec& spec;
  const plan::ContainerPlan& plan;
  const std::optional<init::ProcessPlan>& process;
  const sys::Procfs& procfs;

  // Before `start` init waits: what belongs to execve has not happened yet.
  bool started() const {
    return found.status == oci::Status::running || found.status == oci::Status::paused;
  }
  std::string proc(std::string_view file) const {
    return fmt::format("{}/{}", found.state.pid, file);
  }
};

class Comparison {
 public:
  void add(std::string name, std::string pointer, std::string asked, std::string applied) {
    const Match match = asked == applied ? Match::same : Match::differs;
    add(std::move(name), std::move(pointer), std::move(asked), std::move(applied), match);
  }
  void add(std::string name, std::string pointer, std::string asked, std::string applied,
           Match match) {
    fields_.push_back(
        {std::move(name), std::move(pointer), std::move(asked), std::move(applied), match});
  }
  void unknown(std::string name, std::string pointer, std::string asked) {
    add(std::move(name), std::move(pointer), std::move(asked), "", Match::unknown);
  }
  std::vector<EffectiveField> take() { return std::move(fields_); }

 private:
  std::vector<EffectiveField> fields_;
};

// "net:[4026531840]", which names a namespace for as long as it lives, of a pid or "self".
Result<std::string> namespace_name(const sys::Procfs& procfs, const std::string& process,
                                   oci::NamespaceType type);

// Each observes one side of the container. Errors: system, when the container ends meanwhile.
Result<> compare_namespaces(const Original& original, Comparison& comparison);
Result<> compare_process(const Original& original, Comparison& comparison);
Result<> compare_mounts(const Original& original, Comparison& comparison);
Result<> compare_cgroup(const Original& original, Comparison& comparison);

}  // namespace myrt::inspection
