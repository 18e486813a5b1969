// The hosts that a configuration is planned for, without asking this one.
#pragma once

#include <string>
#include <vector>

#include "runtime/plan/container_plan.h"

namespace myrt::fuzz {

inline std::vector<cgroups::Hierarchy> v1_hierarchies() {
  std::vector<cgroups::Hierarchy> hierarchies = {
      {.controllers = {"cpu", "cpuacct"}, .mount_point = "/sys/fs/cgroup/cpu,cpuacct"}};
  for (const char* name : {"blkio", "cpuset", "devices", "freezer", "hugetlb", "memory",
                           "net_cls,net_prio", "pids", "rdma"}) {
    hierarchies.push_back(
        {.controllers = {name}, .mount_point = std::string("/sys/fs/cgroup/") + name});
  }
  for (cgroups::Hierarchy& hierarchy : hierarchies) hierarchy.own_path = "/engine";
  return hierarchies;
}

inline std::vector<plan::Inputs> hosts() {
  const cgroups::Hierarchy unified = {.controllers = {},
                                      .mount_point = "/sys/fs/cgroup",
                                      .own_path = "/system.slice/engine.service"};
  plan::Inputs v2;
  v2.id = "web1";
  v2.bundle = "/bundles/web1";
  v2.cgroup_host = cgroups::Host{.mode = cgroups::Mode::v2, .hierarchies = {unified}};
  plan::Inputs v1 = v2;
  v1.cgroup_host = cgroups::Host{.mode = cgroups::Mode::v1, .hierarchies = v1_hierarchies()};
  plan::Inputs systemd = v2;
  systemd.systemd = cgroups::SystemdHost{
      .bus = "unix:path=/run/dbus/system_bus_socket", .root = "", .default_slice = "system.slice"};
  plan::Inputs rootless = v2;
  rootless.privileged = false;
  rootless.user_namespace = mounts::UserNamespace::own;
  plan::Inputs bare = v2;
  bare.cgroup_host.reset();
  bare.root_switch = mounts::RootSwitch::move;
  bare.selinux = mounts::Selinux::on;
  return {v2, v1, systemd, rootless, bare};
}

}  // namespace myrt::fuzz
