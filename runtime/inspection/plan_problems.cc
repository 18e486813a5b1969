#include "runtime/inspection/plan_problems.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "capabilities/plan.h"
#include "runtime/init/process_plan.h"

namespace myrt::inspection {
namespace {

constexpr int kMaxProblems = 1000;

std::vector<std::string> tokens_of(std::string_view pointer) {
  std::vector<std::string> tokens;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    std::string text;
    for (std::size_t i = 0; i < token.size(); ++i) {
      const bool escaped = token[i] == '~' && i + 1 < token.size();
      text += !escaped ? token[i] : token[++i] == '0' ? '~' : '/';
    }
    tokens.push_back(std::move(text));
  }
  return tokens;
}

std::optional<std::size_t> index_below(const std::string& token, std::size_t size) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc{} || end != token.data() + token.size() || index >= size) return {};
  return index;
}

// Replaces one element of a list by a harmless one, so that the others keep their indices.
template <class T>
bool replace(std::vector<T>& list, const std::string& token, T harmless) {
  const auto index = index_below(token, list.size());
  if (!index || list[*index] == harmless) return false;
  list[*index] = std::move(harmless);
  return true;
}

bool neutralise_resource(oci::Resources& resources, const std::vector<std::string>& tokens) {
  const oci::Resources before = resources;
  const std::string& section = tokens[2];
  if (section == "memory") resources.memory.reset();
  if (section == "cpu") resources.cpu.reset();
  if (section == "pids") resources.pids_limit.reset();
  if (section == "blockIO") resources.block_io.reset();
  if (section == "network") resources.network.reset();
  if (section == "hugepageLimits") resources.hugepage_limits.clear();
  if (section == "rdma") resources.rdma.clear();
  if (section == "unified") {
    const std::string key = tokens.size() > 3 ? tokens[3] : "";
    std::erase_if(resources.unified,
                  [&](const auto& entry) { return key.empty() || entry.first == key; });
  }
  if (section == "devices" && tokens.size() > 3) {
    oci::DeviceCgroupRule null_device;
    null_device.allow = true;
    null_device.type = 'c';
    null_device.major = 1;
    null_device.minor = 3;
    replace(resources.devices, tokens[3], std::move(null_device));
  }
  return !(resources == before);
}

bool neutralise_linux(oci::Linux& section, const std::vector<std::string>& tokens) {
  if (tokens.size() < 2) return false;
  const oci::Linux before = section;
  const std::string& name = tokens[1];
  const std::string& key = tokens.size() > 2 ? tokens[2] : name;
  if (name == "resources" && tokens.size() > 2 && section.resources) {
    return neutralise_resource(*section.resources, tokens);
  }
  if (name == "sysctl") section.sysctl.erase(key);
  if (name == "netDevices") section.net_devices.erase(key);
  if (name == "devices") {
    oci::Device null_device;
    null_device.path = "/dev/null";
    null_device.major = 1;
    null_device.minor = 3;
    replace(section.devices, key, std::move(null_device));
  }
  if (name == "seccomp") section.seccomp.reset();
  if (name == "cgroupsPath") section.cgroups_path.clear();
  if (name == "intelRdt") section.intel_rdt.reset();
  if (name == "personality") section.personality.reset();
  if (name == "memoryPolicy") section.memory_policy.reset();
  if (name == "rootfsPropagation") section.rootfs_propagation.clear();
  if (name == "timeOffsets") section.time_offsets.clear();
  return !(section == before);
}

bool neutralise_process(oci::Process& process, const std::vector<std::string>& tokens) {
  if (tokens.size() < 2) return false;
  const oci::Process before = process;
  if (tokens[1] == "rlimits" && tokens.size() > 2) {
    const auto index = index_below(tokens[2], process.rlimits.size());
    if (index) process.rlimits.resize(*index);
  }
  if (tokens[1] == "scheduler") process.scheduler.reset();
  if (tokens[1] == "ioPriority") process.io_priority.reset();
  if (tokens[1] == "apparmorProfile") process.apparmor_profile.clear();
  if (tokens[1] == "selinuxLabel") process.selinux_label.clear();
  return !(process == before);
}

// Takes out of `spec` what `pointer` names, so that planning gets past it. False: not possible.
bool neutralise(oci::Spec& spec, const std::string& pointer) {
  const auto tokens = tokens_of(pointer);
  if (tokens.empty()) return false;
  if (tokens[0] == "mounts" && tokens.size() > 1) {
    oci::Mount tmpfs;
    tmpfs.destination = "/tmp";
    tmpfs.type = "tmpfs";
    tmpfs.source = "tmpfs";
    return replace(spec.mounts, tokens[1], std::move(tmpfs));
  }
  if (tokens[0] == "linux" && spec.linux) return neutralise_linux(*spec.linux, tokens);
  if (tokens[0] == "process" && spec.process) return neutralise_process(*spec.process, tokens);
  if (tokens[0] == "hostname") return !std::exchange(spec.hostname, "").empty();
  if (tokens[0] == "domainname") return !std::exchange(spec.domainname, "").empty();
  return false;
}

using Attempt = std::function<Result<>(const oci::Spec&)>;

// Plans again and again, each time without what was refused before.
void collect(oci::Spec spec, const Attempt& attempt, std::vector<oci::Remark>& remarks) {
  for (int i = 0; i < kMaxProblems; ++i) {
    const auto planned = attempt(spec);
    if (planned.ok()) return;
    oci::Remark remark = to_remark(planned.error());
    const bool known = std::find(remarks.begin(), remarks.end(), remark) != remarks.end();
    if (!known) remarks.push_back(remark);
    if (!neutralise(spec, remark.pointer)) return;
  }
}

Result<> plan_process(const oci::Spec& spec) {
  if (!spec.process) return {};
  const auto wanted = capabilities::requested(spec.process->capabilities);
  auto capabilities = TRY(capabilities::plan(spec.process->capabilities, wanted));
  TRY(init::plan_process(*spec.process, spec.linux, std::move(capabilities)));
  return {};
}

}  // namespace

oci::Remark to_remark(const Error& error) {
  oci::Remark remark;
  remark.severity =
      error.code == ErrorCode::invalid_config ? oci::Severity::error : oci::Severity::host;
  remark.pointer = error.pointer;
  remark.message = error.message;
  const std::string prefix = error.pointer + ": ";
  if (!error.pointer.empty() && remark.message.starts_with(prefix)) {
    remark.message.erase(0, prefix.size());
  }
  return remark;
}

Planned plan_all(const oci::Spec& spec, const plan::Inputs& inputs) {
  Planned planned;
  collect(
      spec,
      [&](const oci::Spec& candidate) -> Result<> {
        planned.rest.emplace(TRY(plan::plan_container(candidate, inputs)));
        return {};
      },
      planned.problems);
  collect(spec, plan_process, planned.problems);
  return planned;
}

}  // namespace myrt::inspection
