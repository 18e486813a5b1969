#include "mounts/plan.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>

#include "mounts/plan_steps.h"
#include "sys/paths.h"

namespace myrt::mounts {
namespace {

// The propagation of what is bound, before a mount's own words: never towards the host, unless the
// config makes the whole root shared, as engines do for bidirectional volumes.
std::uint64_t base_propagation_of(const Propagation& rootfs, const Inputs& inputs) {
  if (inputs.mount_namespace != MountNamespace::created) return 0;
  switch (rootfs.type) {
    case MS_SHARED:
      return 0;
    case MS_PRIVATE:
    case MS_UNBINDABLE:
      return MS_PRIVATE;
    default:
      return MS_SLAVE;
  }
}

Result<std::vector<std::string>> absolute_paths(const std::vector<std::string>& paths,
                                                const std::string& pointer, const Inputs& inputs) {
  if (!paths.empty() && inputs.mount_namespace == MountNamespace::inherited) {
    return config_error(pointer, "needs a mount namespace (MSK-03)");
  }
  std::vector<std::string> clean;
  clean.reserve(paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!paths[i].starts_with('/')) {
      return config_error(fmt::format("{}/{}", pointer, i),
                          fmt::format("expected an absolute path, got `{}`", paths[i]));
    }
    clean.push_back(sys::clean_absolute(paths[i]));
    if (clean.back() == "/") {
      return config_error(fmt::format("{}/{}", pointer, i), "`/` cannot be hidden");
    }
  }
  return clean;
}

Result<RootPlan> plan_root(const oci::Spec& spec, const Inputs& inputs) {
  if (!spec.root) return config_error("/root", "is required");
  RootPlan root;
  root.path = inputs.rootfs;
  root.readonly = spec.root->readonly;
  root.root_switch =
      inputs.mount_namespace == MountNamespace::created ? inputs.root_switch : RootSwitch::chroot;
  if (spec.linux) {
    root.propagation =
        TRY(parse_propagation(spec.linux->rootfs_propagation, "/linux/rootfsPropagation"));
  }
  root.attach = inputs.mount_namespace != MountNamespace::inherited;
  root.tree = inputs.root_tree;
  if (root.tree == RootTree::given && inputs.mount_namespace != MountNamespace::created) {
    return config_error("/linux/namespaces", "a root that is given needs a new mount namespace");
  }
  if (!root.attach && root.readonly) {
    return config_error("/root/readonly", "needs a mount namespace");
  }
  if (!root.attach && root.propagation.type != 0) {
    return config_error("/linux/rootfsPropagation", "needs a mount namespace");
  }
  return root;
}

Result<MountLabel> plan_label(const oci::Spec& spec, Selinux selinux) {
  constexpr std::array<std::string_view, 4> kTypes = {"context", "fscontext", "defcontext",
                                                      "rootcontext"};
  MountLabel label;
  if (spec.linux) label.label = spec.linux->mount_label;
  if (!label.label.empty() && selinux == Selinux::off) {
    return config_error("/linux/mountLabel", "cannot be applied: SELinux is not enabled");
  }
  const auto type = spec.annotations.find(std::string(kMountContextType));
  if (type == spec.annotations.end()) return label;
  if (std::ranges::find(kTypes, type->second) == kTypes.end()) {
    return config_error(fmt::format("/annotations/{}", kMountContextType),
                        fmt::format("unknown context type `{}`", type->second));
  }
  label.option = type->second;
  return label;
}

bool is_below_dev(const std::string& path) { return path.starts_with("/dev/"); }

Result<> plan_devices(const oci::Spec& spec, const Inputs& inputs, Plan& plan) {
  plan.device_method =
      inputs.user_namespace == UserNamespace::own ? DeviceMethod::bind : DeviceMethod::mknod;
  for (DeviceNode& node : TRY(device_nodes(spec))) {
    // A bound /dev is the host's own directory: its nodes come with it and none may be added.
    if (!plan.furnish_dev && is_below_dev(node.path)) continue;
    plan.devices.push_back(std::move(node));
  }
  return {};
}

}  // namespace

Result<Plan> plan(const oci::Spec& spec, const Inputs& inputs) {
  Plan plan;
  plan.root = TRY(plan_root(spec, inputs));
  const MountLabel mount_label = TRY(plan_label(spec, inputs.selinux));
  const std::uint64_t base = base_propagation_of(plan.root.propagation, inputs);
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
    TRY(plan_mount(spec.mounts[i], i, inputs, mount_label, base, plan));
  }
  plan.terminal = spec.process && spec.process->terminal;
  TRY(plan_devices(spec, inputs, plan));
  if (spec.linux) {
    plan.masked_paths = TRY(absolute_paths(spec.linux->masked_paths, "/linux/maskedPaths", inputs));
    plan.readonly_paths =
        TRY(absolute_paths(spec.linux->readonly_paths, "/linux/readonlyPaths", inputs));
  }
  return plan;
}

}  // namespace myrt::mounts
