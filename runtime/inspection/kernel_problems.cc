#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "capabilities/apply.h"
#include "namespaces/namespace_type.h"
#include "namespaces/sysctl.h"
#include "oci-spec/parse.h"
#include "runtime/container/blueprint.h"
#include "runtime/init/attribute_names.h"
#include "runtime/inspection/host_problems.h"
#include "runtime/inspection/number_list.h"
#include "seccomp/names.h"
#include "sys/files.h"
#include "sys/mount_api.h"

namespace myrt::inspection {
namespace {

void check_namespaces(const Subject& subject, Remarks& remarks) {
  const auto& namespaces = subject.spec.linux->namespaces;
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    const std::string_view name = namespaces::proc_name(namespaces[i].type);
    const std::string pointer = fmt::format("/linux/namespaces/{}", i);
    if (::access(fmt::format("/proc/self/ns/{}", name).c_str(), F_OK) != 0) {
      add_host(remarks, pointer, fmt::format("this kernel has no {} namespaces", name));
      continue;
    }
    if (!namespaces[i].path.empty()) continue;
    const auto limit = subject.procfs.read(fmt::format("sys/user/max_{}_namespaces", name));
    if (limit.ok() && limit->starts_with("0")) {
      add_host(remarks, pointer,
               fmt::format("user.max_{0}_namespaces is 0: no {0} namespace can be made", name));
    }
  }
}

// The controllers that a container's cgroup can have here, and whether that is known.
std::optional<std::set<std::string>> controllers(const cgroups::Host& host) {
  std::set<std::string> names;
  for (const cgroups::Hierarchy& hierarchy : host.hierarchies) {
    names.insert(hierarchy.controllers.begin(), hierarchy.controllers.end());
    if (host.mode != cgroups::Mode::v2) continue;
    const auto text = sys::read_file(hierarchy.mount_point + "/cgroup.controllers");
    if (!text.ok()) return std::nullopt;
    std::string_view rest = *text;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of(" \n"), rest.size());
      if (end > 0) names.emplace(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return names;
}

void check_controllers(const Subject& subject, Remarks& remarks) {
  if (!subject.plan || !subject.plan->cgroup) return;
  const auto host = cgroups::discover();
  if (!host.ok()) return;
  const auto known = controllers(*host);
  if (!known) return;
  const cgroups::Plan& plan = *subject.plan->cgroup;
  for (const cgroups::Writes* writes : {&plan.before_join, &plan.after_join}) {
    for (const cgroups::Write& write : *writes) {
      if (write.controller.empty() || write.on_missing == cgroups::OnMissing::skip) continue;
      if (known->count(write.controller) > 0) continue;
      add_host(remarks, write.pointer,
               fmt::format("this host has no {} controller for cgroup {} (`{}`)", write.controller,
                           plan.mode == cgroups::Mode::v2 ? "v2" : "v1", write.file));
    }
  }
}

// fsopen(2) loads the module if there is one, and makes nothing.
void check_filesystems(const Subject& subject, Remarks& remarks) {
  if (!subject.plan) return;
  for (const mounts::Step& step : subject.plan->mounts.steps) {
    const auto* filesystem = std::get_if<mounts::NewFilesystem>(&step.action);
    if (filesystem == nullptr) continue;
    const auto opened = sys::fsopen(filesystem->fstype);
    if (!opened.ok() && opened.error().errno_value == ENODEV) {
      add_host(remarks, fmt::format("/mounts/{}/type", step.mount_index),
               fmt::format("this kernel has no filesystem `{}`", filesystem->fstype));
    }
  }
}

bool kernel_has_action(std::uint32_t action) {
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 || errno != EOPNOTSUPP;
}

void check_seccomp(const Subject& subject, Remarks& remarks) {
  if (!subject.spec.linux->seccomp) return;
  const oci::Seccomp& seccomp = *subject.spec.linux->seccomp;
  const auto check = [&](const std::string& name, const std::string& pointer) {
    const auto action = seccomp::find_action(name);
    if (action && !kernel_has_action(action->return_value)) {
      add_host(remarks, pointer, fmt::format("this kernel has no seccomp action `{}`", name));
    }
  };
  check(seccomp.default_action, "/linux/seccomp/defaultAction");
  for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    check(seccomp.syscalls[i].action, fmt::format("/linux/seccomp/syscalls/{}/action", i));
  }
  if (!seccomp.flags) return;
  const auto supported = seccomp::supported_flags();
  for (std::size_t i = 0; i < seccomp.flags->size(); ++i) {
    const std::string& flag = (*seccomp.flags)[i];
    if (std::find(supported.begin(), supported.end(), flag) == supported.end()) {
      add_host(remarks, fmt::format("/linux/seccomp/flags/{}", i),
               fmt::format("this kernel has no filter flag `{}`", flag));
    }
  }
}

// Network sysctls of a device appear with the device, in the container's namespace only.
void check_sysctls(const Subject& subject, Remarks& remarks) {
  for (const auto& [key, value] : subject.spec.linux->sysctl) {
    const auto path = namespaces::sysctl_path(key);
    if (!path || path->starts_with("net/")) continue;
    const auto opened = subject.procfs.open_at("sys/" + *path, O_PATH);
    if (!opened.ok() && opened.error().errno_value == ENOENT) {
      add_host(remarks, "/linux/sysctl/" + oci::pointer_token(key),
               fmt::format("this kernel has no sysctl `{}`", key));
    }
  }
}

void check_list(const std::string& wanted, const char* online_file, const char* pointer,
                const char* what, Remarks& remarks) {
  const auto online = sys::read_file(online_file);
  if (wanted.empty() || !online.ok()) return;
  const auto there = number_list(*online);
  for (const unsigned number : number_list(wanted)) {
    if (there.count(number) > 0) continue;
    add_host(remarks, pointer,
             fmt::format("this host has no {} {} (it has {})", what, number,
                         online->substr(0, online->find('\n'))));
    return;
  }
}

void check_cpus_and_nodes(const Subject& subject, Remarks& remarks) {
  const oci::Linux& section = *subject.spec.linux;
  constexpr const char* kNodes = "/sys/devices/system/node/online";
  if (section.resources && section.resources->cpu) {
    const oci::CpuResources& cpu = *section.resources->cpu;
    check_list(cpu.cpus, "/sys/devices/system/cpu/online", "/linux/resources/cpu/cpus", "CPU",
               remarks);
    check_list(cpu.mems, kNodes, "/linux/resources/cpu/mems", "memory node", remarks);
  }
  if (section.memory_policy) {
    check_list(section.memory_policy->nodes, kNodes, "/linux/memoryPolicy/nodes", "memory node",
               remarks);
  }
}

void check_rlimits(const Subject& subject, Remarks& remarks) {
  const auto held = capabilities::held();
  const bool may_raise = held.ok() && (held->permitted & capabilities::bit(CAP_SYS_RESOURCE)) != 0;
  if (may_raise || !subject.spec.process) return;
  const auto& wanted = subject.spec.process->rlimits;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto* known = init::find_name(init::kRlimits, wanted[i].type);
    struct rlimit own {};
    if (known == nullptr ||
        ::getrlimit(static_cast<__rlimit_resource_t>(known->number), &own) != 0 ||
        wanted[i].hard <= own.rlim_max) {
      continue;
    }
    add_host(remarks, fmt::format("/process/rlimits/{}/hard", i),
             fmt::format("`{}` is above the hard limit `{}` of the caller, which has no "
                         "CAP_SYS_RESOURCE to raise it",
                         wanted[i].hard, own.rlim_max));
  }
}

void check_labels(const Subject& subject, Remarks& remarks) {
  if (!subject.spec.process) return;
  const auto checked = container::check_labels(*subject.spec.process, "/process");
  if (!checked.ok()) {
    add_host(remarks, checked.error().pointer, checked.error().message);
    return;
  }
  const std::string& profile = subject.spec.process->apparmor_profile;
  const auto loaded = sys::read_file("/sys/kernel/security/apparmor/profiles");
  if (profile.empty() || profile == "unconfined" || !loaded.ok()) return;
  if (("\n" + *loaded).find("\n" + profile + " (") == std::string::npos) {
    add_host(remarks, "/process/apparmorProfile",
             fmt::format("AppArmor profile `{}` is not loaded", profile));
  }
}

void check_resctrl(const Subject& subject, Remarks& remarks) {
  if (!subject.spec.linux->intel_rdt) return;
  if (::access("/sys/fs/resctrl/schemata", F_OK) != 0) {
    add_host(remarks, "/linux/intelRdt", "no resctrl filesystem is mounted at `/sys/fs/resctrl`");
  }
}

}  // namespace

void kernel_problems(const Subject& subject, Remarks& remarks) {
  check_controllers(subject, remarks);
  check_filesystems(subject, remarks);
  check_rlimits(subject, remarks);
  check_labels(subject, remarks);
  if (!subject.spec.linux) return;
  check_namespaces(subject, remarks);
  check_seccomp(subject, remarks);
  check_sysctls(subject, remarks);
  check_cpus_and_nodes(subject, remarks);
  check_resctrl(subject, remarks);
}

}  // namespace myrt::inspection
