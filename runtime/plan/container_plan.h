// The whole of a container as a plan: what namespaces, cgroup and mounts will be, decided before
// anything is made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cgroups/cgroup.h"
#include "cgroups/plan.h"
#include "mounts/hot.h"
#include "mounts/plan.h"
#include "namespaces/plan.h"
#include "oci-spec/spec.h"
#include "sys/result.h"

namespace myrt::plan {

// The few facts that do not stand in config.json.
struct Inputs {
  std::string id;
  std::string bundle;                           // absolute
  std::optional<cgroups::Host> cgroup_host;     // nullopt: --cgroup-manager=disabled
  std::optional<cgroups::Host> caller_cgroups;  // then: what a mount of type cgroup shows
  std::optional<cgroups::SystemdHost> systemd;  // nullopt: no --cgroup-manager=systemd
  mounts::RootSwitch root_switch = mounts::RootSwitch::pivot;
  mounts::UserNamespace user_namespace = mounts::UserNamespace::initial;  // of the runtime process
  mounts::RootTree root_tree = mounts::RootTree::cloned;
  mounts::Selinux selinux = mounts::Selinux::off;
  bool privileged = true;  // the runtime process is root in its user namespace
};

struct ContainerPlan {
  std::string id, bundle, rootfs;
  namespaces::Plan namespaces;
  std::optional<cgroups::Plan> cgroup;
  mounts::Plan mounts;
  std::vector<std::string> warnings;  // of all modules
  bool operator==(const ContainerPlan&) const = default;
};

// Pure: assembles the modules' plans, and hands each the facts of its siblings that it needs.
// Errors: invalid_config and unsupported, with the pointer of the field.
Result<ContainerPlan> plan_container(const oci::Spec& spec, const Inputs& inputs);

// Pure: the plan of `mounts add` for a running container of this config. `inputs` as for its
// creation; the cgroup host is not needed. Errors: those of mounts::plan_hot_mounts; unsupported
// where the mount namespace is not the container's own, as the mounts would outlive it there.
Result<mounts::Plan> plan_hot_mounts(const oci::Spec& spec, const std::vector<oci::Mount>& mounts,
                                     const Inputs& inputs);

// All of it, for golden tests and --debug.
std::string to_string(const ContainerPlan& plan);

// Where the planned cgroup will be: written down before it is made, so that nothing of it can be
// lost.
cgroups::Location planned_location(const std::optional<cgroups::Plan>& plan);

}  // namespace myrt::plan
