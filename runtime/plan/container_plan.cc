#include "runtime/plan/container_plan.h"

#include <algorithm>

#include "runtime/plan/annotations.h"

namespace myrt::plan {
namespace {

using oci::NamespaceType;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

mounts::CgroupView::Mode view_mode(cgroups::Mode mode) {
  return mode == cgroups::Mode::v1       ? mounts::CgroupView::Mode::v1
         : mode == cgroups::Mode::hybrid ? mounts::CgroupView::Mode::hybrid
                                         : mounts::CgroupView::Mode::v2;
}

mounts::CgroupView::Hierarchy view_of(mounts::CgroupView::Mode mode, const std::string& mount_point,
                                      const std::string& path,
                                      const std::vector<std::string>& controllers) {
  mounts::CgroupView::Hierarchy hierarchy;
  hierarchy.name = mode == mounts::CgroupView::Mode::v2 ? "" : base_name(mount_point);
  hierarchy.mount_point = mount_point;
  hierarchy.container_path = path;
  for (const std::string& controller : controllers) {
    // "cpu" and "cpuacct" lead to "cpu,cpuacct"; a named hierarchy has no other name.
    const bool named = controller.starts_with("name=");
    if (!named && controller != hierarchy.name) hierarchy.links.push_back(controller);
  }
  return hierarchy;
}

// The hierarchies as the mounts module shows them to the container.
mounts::CgroupView cgroup_view(const cgroups::Plan& plan, const cgroups::Host& host) {
  mounts::CgroupView view;
  view.mode = view_mode(plan.mode);
  for (std::size_t i = 0; i < plan.directories.size(); ++i) {
    const cgroups::Directory& directory = plan.directories[i];
    auto hierarchy =
        view_of(view.mode, directory.mount_point, directory.path, directory.controllers);
    if (plan.rootless == cgroups::Rootless::yes) {
      hierarchy.shared_path = host.hierarchies[i].own_path;
    }
    view.hierarchies.push_back(std::move(hierarchy));
  }
  return view;
}

// For a container that stays where the runtime is.
mounts::CgroupView callers_view(const cgroups::Host& host) {
  mounts::CgroupView view;
  view.mode = view_mode(host.mode);
  for (const cgroups::Hierarchy& own : host.hierarchies) {
    view.hierarchies.push_back(view_of(view.mode, own.mount_point, own.own_path, own.controllers));
  }
  return view;
}

mounts::MountNamespace mount_namespace(const namespaces::Plan& plan) {
  if (plan.is_new(NamespaceType::mount)) return mounts::MountNamespace::created;
  if (plan.joins_existing(NamespaceType::mount)) return mounts::MountNamespace::joined;
  return mounts::MountNamespace::inherited;
}

mounts::Inputs mount_inputs(const ContainerPlan& plan, const Inputs& inputs) {
  const bool own_user = plan.namespaces.is_private(NamespaceType::user);
  mounts::Inputs facts;
  facts.bundle = plan.bundle;
  facts.rootfs = plan.rootfs;
  facts.user_namespace = own_user ? mounts::UserNamespace::own : inputs.user_namespace;
  if (own_user && inputs.privileged && inputs.user_namespace == mounts::UserNamespace::initial) {
    facts.source_locks = mounts::SourceLocks::by_us;
  }
  facts.mount_namespace = mount_namespace(plan.namespaces);
  facts.cgroup_namespace = plan.namespaces.is_private(NamespaceType::cgroup)
                               ? mounts::CgroupNamespace::own
                               : mounts::CgroupNamespace::inherited;
  facts.root_switch = inputs.root_switch;
  facts.root_tree = inputs.root_tree;
  facts.selinux = inputs.selinux;
  if (plan.cgroup) facts.cgroup = cgroup_view(*plan.cgroup, *inputs.cgroup_host);
  if (inputs.caller_cgroups) facts.cgroup = callers_view(*inputs.caller_cgroups);
  facts.uid_mappings = plan.namespaces.uid_mappings;
  facts.gid_mappings = plan.namespaces.gid_mappings;
  return facts;
}

// Root of a user namespace, as whom a rootless engine calls us, has no more right to the host's
// cgroups than the user has who made it.
Result<cgroups::Plan> plan_cgroup(const oci::Spec& spec, const Inputs& inputs) {
  const bool nested = inputs.user_namespace != mounts::UserNamespace::initial;
  const bool rootless = nested || !inputs.privileged;
  return cgroups::plan(
      spec, *inputs.cgroup_host,
      {.container_id = inputs.id,
       .rootless = rootless ? cgroups::Rootless::yes : cgroups::Rootless::no,
       .user_namespace = nested ? cgroups::UserNamespace::nested : cgroups::UserNamespace::initial,
       .systemd = inputs.systemd});
}

void append(std::vector<std::string>& all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// Without a cgroup nothing can be limited, and saying nothing would be a limit that is not there.
Result<> refuse_limits_without_cgroup(const oci::Spec& spec) {
  if (!spec.linux || !spec.linux->resources) return {};
  oci::Resources limits = *spec.linux->resources;
  limits.devices.clear();  // every engine's config has device rules, also with cgroups disabled
  if (limits == oci::Resources{}) return {};
  return config_error("/linux/resources", "cannot be applied with the cgroup manager `disabled`");
}

Result<ContainerPlan> begin_plan(const oci::Spec& spec, const Inputs& inputs) {
  ContainerPlan plan;
  plan.id = inputs.id;
  plan.bundle = inputs.bundle;
  const std::string root = spec.root ? spec.root->path : std::string();
  plan.rootfs = root.starts_with('/') ? root : inputs.bundle + "/" + root;
  TRY(check_annotations(spec.annotations));
  plan.namespaces = TRY(namespaces::plan(spec));
  plan.namespaces.keep_groups = spec.annotations.contains(std::string(kKeepOriginalGroups));
  return plan;
}

}  // namespace

Result<ContainerPlan> plan_container(const oci::Spec& spec, const Inputs& inputs) {
  ContainerPlan plan = TRY(begin_plan(spec, inputs));
  if (inputs.cgroup_host) {
    plan.cgroup = TRY(plan_cgroup(spec, inputs));
    append(plan.warnings, plan.cgroup->warnings);
  } else {
    TRY(refuse_limits_without_cgroup(spec));
  }
  plan.mounts = TRY(mounts::plan(spec, mount_inputs(plan, inputs)));
  append(plan.warnings, plan.mounts.warnings);
  return plan;
}

Result<mounts::Plan> plan_hot_mounts(const oci::Spec& spec, const std::vector<oci::Mount>& mounts,
                                     const Inputs& inputs) {
  const ContainerPlan plan = TRY(begin_plan(spec, inputs));
  if (!plan.namespaces.is_new(NamespaceType::mount)) {
    return make_error(ErrorCode::unsupported,
                      "the container has no mount namespace of its own: what is added there would "
                      "outlive it");
  }
  return mounts::plan_hot_mounts(spec, mounts, mount_inputs(plan, inputs));
}

std::string to_string(const ContainerPlan& plan) {
  std::string text = fmt::format("container {}\nrootfs {}\n", plan.id, plan.rootfs);
  text += "\n[namespaces]\n" + namespaces::to_string(plan.namespaces);
  text += "\n[cgroup]\n" + (plan.cgroup ? cgroups::to_string(*plan.cgroup) : "disabled\n");
  text += "\n[mounts]\n" + mounts::to_string(plan.mounts);
  return text;
}

cgroups::Location planned_location(const std::optional<cgroups::Plan>& plan) {
  cgroups::Location location;
  if (!plan) return location;
  location.mode = plan->mode;
  if (plan->unit) location.unit = plan->unit->address;
  for (const cgroups::Directory& directory : plan->directories) {
    location.directories.emplace_back(joined(directory.controllers),
                                      directory.mount_point + directory.path);
  }
  return location;
}

}  // namespace myrt::plan
