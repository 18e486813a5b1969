#include "cgroups/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "cgroups/apply_writes.h"
#include "cgroups/devices_attach.h"
#include "cgroups/devices_program.h"
#include "cgroups/make_directory.h"
#include "cgroups/reach.h"
#include "cgroups/systemd/unit_jobs.h"
#include "cgroups/tree.h"
#include "sys/deferred_close.h"
#include "sys/files.h"

namespace myrt::cgroups {
namespace {

constexpr std::chrono::seconds kUnwindBound(2);
constexpr const char* kDevicesPointer = "/linux/resources/devices";
constexpr const char* kControllersHint =
    "`Delegate=cpu cpuset io memory pids` for user@.service, for example in "
    "/etc/systemd/system/user@.service.d/delegate.conf, gives users these controllers";
constexpr const char* kDelegationHint =
    "limits need a delegated cgroup: `systemd-run --user --scope --property Delegate=yes` runs a "
    "command in one";

std::vector<Target> targets_of(const auto& entries) {
  std::vector<Target> targets;
  targets.reserve(entries.size());
  for (const auto& entry : entries) {
    targets.push_back({.controllers = entry.controllers, .directory_fd = entry.fd.get()});
  }
  return targets;
}

bool has(const std::vector<std::string>& controllers, std::string_view wanted) {
  return std::find(controllers.begin(), controllers.end(), wanted) != controllers.end();
}

// A rootless runtime may have no right to any cgroup, which matters only when limits are asked for:
// the writes then say so.
bool is_tolerable(const Error& error, Rootless rootless) {
  const int value = error.errno_value;
  return rootless == Rootless::yes && (value == EACCES || value == EPERM || value == EROFS);
}

// A process is cloned into the unified directory; of the v1 ones most only have to exist.
bool needs_fd(const Plan& plan, const Directory& directory) {
  if (directory.controllers.empty()) return true;
  for (const Writes* writes : {&plan.before_join, &plan.after_join, &plan.device_writes}) {
    for (const Write& write : *writes) {
      if (has(directory.controllers, write.controller)) return true;
    }
  }
  return false;
}

// The setting that needs `controller`, for the error.
std::string pointer_of(const Plan& plan, const std::string& controller) {
  for (const Writes* writes : {&plan.before_join, &plan.after_join}) {
    for (const Write& write : *writes) {
      if (write.controller == controller) return write.pointer;
    }
  }
  return {};
}

// A controller that a limit needs and the directory does not have; empty: there is none.
Result<std::string> missing_controller(const Plan& plan, const std::string& leaf) {
  if (plan.mode != Mode::v2 || plan.required_controllers.empty()) return std::string();
  const std::vector<std::string> present =
      split_words(TRY(sys::read_kernel_file(leaf + "/cgroup.controllers")));
  for (const std::string& controller : plan.required_controllers) {
    if (!has(present, controller)) return controller;
  }
  return std::string();
}

Result<> prepare_unified(const Plan& plan, const Directory& directory) {
  const std::string leaf = directory.mount_point + directory.path;
  // What systemd knows it has enabled; its slices are left alone unless another one is needed.
  if (plan.unit && TRY(missing_controller(plan, leaf)).empty()) return {};
  const Result<> enabled = enable_controllers(directory);
  const std::string missing = TRY(missing_controller(plan, leaf));
  if (missing.empty()) return {};
  Error error =
      make_error(ErrorCode::unsupported,
                 fmt::format("cgroup controller `{}` is not available in `{}`", missing, leaf));
  if (!enabled.ok()) error.message += fmt::format(": {}", enabled.error().message);
  if (leaf.find("/user@") != std::string::npos) {
    error.message += fmt::format(" ({})", kControllersHint);
  }
  error.pointer = pointer_of(plan, missing);
  return error;
}

// The plan says where systemd puts a unit; limits and mounts go there.
Result<> check_place(pid_t pid, const std::string& planned) {
  const std::string text = TRY(sys::read_file(fmt::format("/proc/{}/cgroup", pid)));
  if (text == fmt::format("0::{}\n", planned)) return {};
  return make_error(ErrorCode::unsupported,
                    fmt::format("systemd put a process at `{}` rather than `{}`",
                                text.substr(0, text.find('\n')), planned));
}

}  // namespace

Cgroup& Cgroup::operator=(Cgroup&& other) noexcept {
  if (this != &other) {
    remove_made();
    plan_ = std::move(other.plan_);
    holder_ = std::exchange(other.holder_, std::nullopt);
    entries_ = std::move(other.entries_);
    denied_ = std::move(other.denied_);
    made_ = std::exchange(other.made_, {});
    device_program_ = std::move(other.device_program_);
    kept_ = other.kept_;
  }
  return *this;
}

Cgroup::~Cgroup() { remove_made(); }

void Cgroup::remove_made() {
  if (!kept_ && !made_.empty()) {
    holder_.reset();
    if (plan_.unit) {
      const systemd::UnitAddress& unit = plan_.unit->address;
      auto bus = systemd::Connection::open(unit.bus, kUnwindBound);
      if (bus.ok()) {
        ignore(systemd::stop_unit(std::move(bus).value(), unit.name),
               "an empty scope goes by itself, and what is left is removed below");
      }
    }
    const auto deadline = std::chrono::steady_clock::now() + kUnwindBound;
    for (auto made = made_.rbegin(); made != made_.rend(); ++made) {
      // Parents were made for this container, but others may have moved in since.
      if (!made->leaf) {
        ::rmdir(made->directory.c_str());
      } else {
        ignore(remove_directory(made->directory, deadline), "unwinding after the first error");
      }
    }
  }
  made_.clear();
}

Result<> Cgroup::open_directory(Cgroup& cgroup, const Directory& directory) {
  Result<LeafState> state = make_directory(directory, cgroup.made_);
  if (!state.ok()) {
    if (is_tolerable(state.error(), cgroup.plan_.rootless)) {
      cgroup.denied_ = state.error().message;
      return {};
    }
    return std::move(state).error();
  }
  const std::string leaf = directory.mount_point + directory.path;
  if (*state == LeafState::existed) TRY(check_reusable(leaf, directory.controllers));
  if (has(directory.controllers, "cpuset")) TRY(inherit_cpuset(directory, *state));
  if (directory.controllers.empty()) TRY(prepare_unified(cgroup.plan_, directory));
  sys::UniqueFd fd;
  if (needs_fd(cgroup.plan_, directory)) {
    fd = TRY(sys::open(leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }
  cgroup.entries_.push_back(
      {.controllers = directory.controllers, .directory = leaf, .fd = std::move(fd)});
  return {};
}

Result<> Cgroup::open_unit(Cgroup& cgroup) {
  const UnitPlan& unit = *cgroup.plan_.unit;
  const Directory& directory = cgroup.plan_.directories.front();
  const std::string leaf = directory.mount_point + directory.path;
  systemd::Properties properties = unit.properties;
  if (!systemd::is_slice(unit.address.name)) {
    cgroup.holder_ = TRY(systemd::Holder::start());
    const auto pid = static_cast<std::uint32_t>(cgroup.holder_->pid());
    properties.push_back({"PIDs", systemd::array("u", {systemd::uint32(pid)})});
  }
  auto bus = TRY(systemd::Connection::open(unit.address.bus, systemd::kBound));
  TRY(systemd::start_unit(std::move(bus), unit.address.name, properties));
  cgroup.made_.push_back({.directory = leaf, .leaf = true});
  if (cgroup.holder_) TRY(check_place(cgroup.holder_->pid(), directory.path));
  TRY(prepare_unified(cgroup.plan_, directory));
  sys::UniqueFd fd = TRY(sys::open(leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  cgroup.entries_.push_back({.controllers = {}, .directory = leaf, .fd = std::move(fd)});
  return come_within_reach(cgroup.location());
}

Result<Cgroup> Cgroup::create(const Plan& plan) {
  Cgroup cgroup;
  cgroup.plan_ = plan;
  if (plan.unit) {
    TRY(open_unit(cgroup));
    return cgroup;
  }
  for (const Directory& directory : plan.directories) TRY(open_directory(cgroup, directory));
  return cgroup;
}

int Cgroup::clone_fd() const {
  for (const Entry& entry : entries_) {
    if (entry.controllers.empty()) return entry.fd.get();
  }
  return -1;
}

Result<SelfJoin> Cgroup::open_self_join() const {
  SelfJoin self_join;
  for (const Entry& entry : entries_) {
    if (entry.controllers.empty()) continue;
    self_join.files.push_back(TRY(sys::open(entry.directory + "/tasks", O_WRONLY)));
    self_join.names.push_back(entry.directory + "/tasks");
  }
  return self_join;
}

Result<> Cgroup::add_process(pid_t pid, Placed placed) const {
  const std::string text = fmt::to_string(pid);
  for (const Entry& entry : entries_) {
    if (entry.controllers.empty() && placed == Placed::by_clone) continue;
    TRY(sys::write_kernel_file_at(AT_FDCWD, entry.directory + "/cgroup.procs", text));
  }
  return {};
}

Result<> Cgroup::apply_before_join() const { return apply(plan_.before_join); }

Result<> Cgroup::apply(const Writes& writes) const {
  Result<> applied = apply_writes(writes, plan_.mode, targets_of(entries_));
  if (!applied.ok() && entries_.empty() && !denied_.empty()) {
    applied.error().message += fmt::format(": {} ({})", denied_, kDelegationHint);
  }
  return applied;
}

bool Cgroup::has_device_program() const { return plan_.mode == Mode::v2 && clone_fd() >= 0; }

Result<> Cgroup::load_device_program() {
  const std::vector<bpf_insn> program = TRY(devices_program(plan_.device_rules, kDevicesPointer));
  device_program_ =
      TRY(load_devices_program(program, plan_.device_filter_denied).at(kDevicesPointer));
  return {};
}

Result<> Cgroup::apply_after_join() {
  holder_.reset();  // it counts as a process of the container
  TRY(apply(plan_.after_join));
  // What takes its time is done now, while init is at work.
  return has_device_program() ? load_device_program() : Result<>();
}

Result<> Cgroup::apply_device_rules() {
  TRY(apply_writes(plan_.device_writes, plan_.mode, targets_of(entries_)));
  if (!has_device_program()) return {};
  if (!device_program_.valid()) TRY(load_device_program());
  if (!device_program_.valid()) return {};  // denied, and that is tolerated
  // v2 has one directory, and `made_` its leaf last.
  const CgroupAge age =
      made_.empty() || !made_.back().leaf ? CgroupAge::reused : CgroupAge::new_made;
  return attach_devices_program(clone_fd(), device_program_.get(), age, plan_.device_filter_denied)
      .at(kDevicesPointer);
}

Location Cgroup::location() const {
  Location location;
  location.mode = plan_.mode;
  if (plan_.unit && !entries_.empty()) location.unit = plan_.unit->address;
  for (const Entry& entry : entries_) {
    location.directories.emplace_back(fmt::format("{}", fmt::join(entry.controllers, ",")),
                                      entry.directory);
  }
  return location;
}

SelfJoin::~SelfJoin() {
  sys::DeferredClose all;
  for (sys::UniqueFd& file : files) all.add(std::move(file));
}

std::vector<std::string> Cgroup::found() const {
  std::vector<std::string> found;
  for (const Entry& entry : entries_) {
    const bool made = std::any_of(made_.begin(), made_.end(), [&](const MadeDirectory& directory) {
      return directory.directory == entry.directory;
    });
    if (!made) found.push_back(entry.directory);
  }
  return found;
}

Result<> join_self(const SelfJoin& self_join) {
  for (std::size_t i = 0; i < self_join.files.size(); ++i) {
    TRY(sys::write_kernel_file(self_join.files[i].get(), self_join.names[i], "0"));
  }
  return {};
}

}  // namespace myrt::cgroups
