#include "runtime/container/rdt.h"

#include <fcntl.h>

#include <charconv>
#include <set>

#include "cgroups/existing.h"
#include "sys/files.h"
#include "sys/procfs.h"

namespace myrt::container {
namespace {

constexpr const char* kResctrl = "/sys/fs/resctrl/";

Result<std::vector<pid_t>> threads_of(const sys::Procfs& procfs, pid_t pid) {
  std::vector<pid_t> tids;
  const auto directory = procfs.open_at(fmt::format("{}/task", pid), O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) {
    if (directory.error().errno_value == ENOENT) return tids;  // it has ended
    return directory.error();
  }
  for (const std::string& name : TRY(sys::list_directory(directory->get()))) {
    pid_t tid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), tid);
    if (parsed.ec == std::errc()) tids.push_back(tid);
  }
  return tids;
}

// A thread starts in the class of the one that makes it, so that there is an end to new ones; who
// forks faster than this loop only keeps some threads out of the class.
Result<> move_everything(int resctrl_fd, const Container& container, const std::string& clos) {
  constexpr int kRounds = 8;
  const sys::Procfs procfs = TRY(sys::Procfs::open());
  std::set<pid_t> moved;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<pid_t> fresh;
    for (const pid_t pid : TRY(cgroups::processes(container.state.cgroup))) {
      for (const pid_t tid : TRY(threads_of(procfs, pid))) {
        if (moved.insert(tid).second) fresh.push_back(tid);
      }
    }
    if (fresh.empty()) return {};
    TRY(init::move_rdt_tasks(resctrl_fd, clos, fresh));
  }
  return {};
}

Result<> give_own_class(int resctrl_fd, const init::RdtPlan& plan, Container& container) {
  ContainerState state = container.state;
  state.resctrl_groups = planned_groups(plan);
  TRY(container.directory.save(state));
  init::RdtResidue residue;
  auto steps = [&]() -> Result<> {
    residue = TRY(init::apply_rdt(resctrl_fd, plan, container.state.pid));
    record_rdt(plan, residue, state);
    TRY(move_everything(resctrl_fd, container, plan.clos));
    return container.directory.save(state);
  };
  auto result = steps();
  if (!result.ok()) {
    ignore(init::remove_rdt(resctrl_fd, residue), "the step that failed is what counts");
    ignore(container.directory.save(container.state),
           "planned groups that are not there do no harm");
    return result;
  }
  container.state = std::move(state);
  return {};
}

}  // namespace

RdtGroups& RdtGroups::operator=(RdtGroups&& other) noexcept {
  std::swap(resctrl_, other.resctrl_);
  std::swap(residue_, other.residue_);
  return *this;
}

RdtGroups::~RdtGroups() {
  if (!resctrl_.valid()) return;
  ignore(init::remove_rdt(resctrl_.get(), residue_), "unwinding after the first error");
}

std::vector<std::string> planned_groups(const init::RdtPlan& plan) {
  const std::string prefix = plan.clos.empty() ? std::string() : plan.clos + "/";
  std::vector<std::string> groups;
  if (plan.directory == init::RdtDirectory::own) groups.push_back(kResctrl + plan.clos);
  if (!plan.monitor_group.empty()) {
    groups.push_back(kResctrl + prefix + "mon_groups/" + plan.monitor_group);
  }
  return groups;
}

void record_rdt(const init::RdtPlan& plan, const init::RdtResidue& residue, ContainerState& state) {
  const std::string prefix = plan.clos.empty() ? std::string() : plan.clos + "/";
  const std::string group = "mon_groups/" + plan.monitor_group;
  state.rdt_class = {.clos = plan.clos,
                     .monitor_group = plan.monitor_group.empty() ? std::string() : prefix + group};
  state.resctrl_groups.clear();
  if (!residue.clos.empty()) state.resctrl_groups.push_back(kResctrl + residue.clos);
  if (!residue.monitor_group.empty()) {
    state.resctrl_groups.push_back(kResctrl + residue.monitor_group);
  }
}

Result<> update_rdt(Container& container, const RdtSchemas& schemas) {
  oci::IntelRdt wanted;
  wanted.l3_cache_schema = schemas.l3_cache;
  wanted.mem_bw_schema = schemas.mem_bw;
  const auto plan = TRY(init::plan_rdt(wanted, container.state.id));
  if (plan->schemata.empty()) return {};
  const sys::UniqueFd resctrl = TRY(init::open_resctrl());
  if (!container.state.rdt_class) return give_own_class(resctrl.get(), *plan, container);
  return init::update_rdt(resctrl.get(), container.state.rdt_class->clos, plan->schemata);
}

Result<std::optional<init::RdtStats>> read_rdt_stats(const ContainerState& state) {
  if (!state.rdt_class) return std::optional<init::RdtStats>();
  const sys::UniqueFd resctrl = TRY(init::open_resctrl());
  return std::optional(TRY(
      init::read_rdt_stats(resctrl.get(), state.rdt_class->clos, state.rdt_class->monitor_group)));
}

}  // namespace myrt::container
