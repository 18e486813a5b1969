#include "runtime/init/intel_rdt.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "runtime/init/rdt_schemata.h"
#include "sys/files.h"

namespace myrt::init {
namespace {

constexpr const char* kResctrlPath = "/sys/fs/resctrl";
constexpr const char* kPointer = "/linux/intelRdt";
constexpr mode_t kDirectoryMode = 0755;

bool is_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\n\0", 3)) == std::string_view::npos;
}

Result<> check_line(const std::string& line, const std::string& pointer) {
  if (line.find('\n') == std::string::npos) return {};
  return config_error(pointer, "a newline is not allowed");
}

Result<std::vector<std::string>> plan_schemata(const oci::IntelRdt& rdt) {
  const std::string pointer = kPointer;
  std::vector<std::string> lines;
  if (rdt.l3_cache_schema && !rdt.l3_cache_schema->empty()) {
    TRY(check_line(*rdt.l3_cache_schema, pointer + "/l3CacheSchema"));
    lines.push_back(*rdt.l3_cache_schema);
  }
  if (rdt.mem_bw_schema && !rdt.mem_bw_schema->empty()) {
    TRY(check_line(*rdt.mem_bw_schema, pointer + "/memBwSchema"));
    if (!rdt.mem_bw_schema->starts_with("MB:")) {
      return config_error(pointer + "/memBwSchema",
                          fmt::format("`{}` does not start with `MB:`", *rdt.mem_bw_schema));
    }
    lines.push_back(*rdt.mem_bw_schema);
  }
  const std::vector<std::string> schemata = rdt.schemata.value_or(std::vector<std::string>{});
  for (std::size_t i = 0; i < schemata.size(); ++i) {
    TRY(check_line(schemata[i], fmt::format("{}/schemata/{}", pointer, i)));
    lines.push_back(schemata[i]);
  }
  return lines;
}

// rmdir(2) of a resctrl group: the kernel moves its tasks to the parent and frees it, files and
// all. What is gone already is not an error.
Result<> remove_group(int resctrl_fd, const std::string& path) {
  if (::unlinkat(resctrl_fd, path.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  const int error = errno;
  return errno_error("unlinkat", fmt::format("remove resctrl group `{}`", path), error);
}

// The groups that apply_rdt has made so far: removed again unless kept.
class NewGroups {
 public:
  explicit NewGroups(int resctrl_fd) : resctrl_fd_(resctrl_fd) {}
  NewGroups(const NewGroups&) = delete;
  NewGroups& operator=(const NewGroups&) = delete;
  ~NewGroups() {
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) {
      ignore(remove_group(resctrl_fd_, *path), "the step that failed is what the caller must hear");
    }
  }

  Result<> make(const std::string& path) {
    TRY(sys::mkdir_at(resctrl_fd_, path, kDirectoryMode));
    paths_.push_back(path);
    return {};
  }
  void keep() { paths_.clear(); }

 private:
  int resctrl_fd_;
  std::vector<std::string> paths_;
};

std::string below(const std::string& clos, std::string_view name) {
  return clos.empty() ? std::string(name) : fmt::format("{}/{}", clos, name);
}

Result<> write_schemata(int resctrl_fd, const RdtPlan& plan) {
  for (const std::string& line : plan.schemata) {
    TRY(sys::write_kernel_file_at(resctrl_fd, below(plan.clos, "schemata"), line + "\n")
            .at(kPointer));
  }
  return {};
}

Result<> compare_schemata(int resctrl_fd, const RdtPlan& plan) {
  const std::string present =
      TRY(sys::read_file_at(resctrl_fd, below(plan.clos, "schemata")).at(kPointer));
  for (const std::string& line : plan.schemata) {
    if (!schema_is_in_force(line, present)) {
      return config_error(kPointer, fmt::format("the existing class `{}` does not have `{}`",
                                                plan.clos.empty() ? "/" : plan.clos, line));
    }
  }
  return {};
}

// Makes or checks the directory and its schemata (RDT-03..08, RDT-12, RDT-13).
Result<> prepare_class(int resctrl_fd, const RdtPlan& plan, NewGroups& made) {
  const bool exists = plan.clos.empty() || sys::exists_at(resctrl_fd, plan.clos);
  switch (plan.directory) {
    case RdtDirectory::required:
      if (exists) return {};
      return config_error("/linux/intelRdt/closID",
                          fmt::format("there is no class `{}`", plan.clos));
    case RdtDirectory::shared:
      if (exists) return compare_schemata(resctrl_fd, plan);
      break;
    case RdtDirectory::own:
      break;
  }
  TRY(made.make(plan.clos).at(kPointer));
  return write_schemata(resctrl_fd, plan);
}

}  // namespace

Result<std::optional<RdtPlan>> plan_rdt(const std::optional<oci::IntelRdt>& intel_rdt,
                                        const std::string& container_id) {
  if (!intel_rdt) return std::optional<RdtPlan>();
  RdtPlan plan;
  plan.schemata = TRY(plan_schemata(*intel_rdt));
  const bool is_shared = intel_rdt->clos_id.has_value();
  if (!is_shared) {
    plan.clos = container_id;
    plan.directory = RdtDirectory::own;
  } else {
    const bool is_root = *intel_rdt->clos_id == "/";
    if (!is_root && !is_file_name(*intel_rdt->clos_id)) {
      return config_error("/linux/intelRdt/closID",
                          fmt::format("`{}` is not the name of a class", *intel_rdt->clos_id));
    }
    plan.clos = is_root ? std::string() : *intel_rdt->clos_id;
    plan.directory = plan.schemata.empty() ? RdtDirectory::required : RdtDirectory::shared;
  }
  if (intel_rdt->enable_monitoring) plan.monitor_group = container_id;
  return std::optional(std::move(plan));
}

Result<sys::UniqueFd> open_resctrl() {
  Result<sys::UniqueFd> root = sys::open(kResctrlPath, O_PATH | O_DIRECTORY);
  struct statfs filesystem {};
  if (root.ok() && ::fstatfs(root->get(), &filesystem) == 0 &&
      filesystem.f_type == RDTGROUP_SUPER_MAGIC) {
    return root;
  }
  Error error =
      config_error(kPointer, fmt::format("no resctrl filesystem is mounted on `{}`", kResctrlPath));
  error.code = ErrorCode::unsupported;
  return error;
}

Result<RdtResidue> apply_rdt(int resctrl_fd, const RdtPlan& plan, pid_t pid) {
  NewGroups made(resctrl_fd);
  RdtResidue residue;
  TRY(prepare_class(resctrl_fd, plan, made));
  if (plan.directory == RdtDirectory::own) residue.clos = plan.clos;

  const std::string pid_text = fmt::format("{}", pid);
  TRY(sys::write_kernel_file_at(resctrl_fd, below(plan.clos, "tasks"), pid_text).at(kPointer));
  if (!plan.monitor_group.empty()) {
    const std::string group = below(plan.clos, "mon_groups/" + plan.monitor_group);
    TRY(made.make(group).at("/linux/intelRdt/enableMonitoring"));
    TRY(sys::write_kernel_file_at(resctrl_fd, group + "/tasks", pid_text)
            .at("/linux/intelRdt/enableMonitoring"));
    residue.monitor_group = group;
  }
  made.keep();
  return residue;
}

Result<> update_rdt(int resctrl_fd, const std::string& clos,
                    const std::vector<std::string>& schemata) {
  if (schemata.empty()) return {};
  if (clos.empty()) {
    return make_error(ErrorCode::unsupported,
                      "the container is in the root class of resctrl, which is the host's");
  }
  return sys::write_kernel_file_at(resctrl_fd, below(clos, "schemata"),
                                   fmt::format("{}\n", fmt::join(schemata, "\n")))
      .at(kPointer);
}

Result<> move_rdt_tasks(int resctrl_fd, const std::string& clos, const std::vector<pid_t>& tids) {
  for (const pid_t tid : tids) {
    auto moved =
        sys::write_kernel_file_at(resctrl_fd, below(clos, "tasks"), fmt::format_int(tid).str());
    if (!moved.ok() && moved.error().errno_value != ESRCH) return std::move(moved).at(kPointer);
  }
  return {};
}

Result<> remove_rdt(int resctrl_fd, const RdtResidue& residue) {
  if (!residue.monitor_group.empty()) TRY(remove_group(resctrl_fd, residue.monitor_group));
  if (!residue.clos.empty()) TRY(remove_group(resctrl_fd, residue.clos));
  return {};
}

}  // namespace myrt::init
