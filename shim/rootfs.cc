#include "shim/rootfs.h"

#include <sys/mount.h>

#include <algorithm>

#include "mounts/snapshot.h"
#include "sys/mount_api.h"
#include "sys/paths.h"

namespace myrt::shim {
namespace {

bool has_hooks_on_host(const oci::Hooks& hooks) {
  return !hooks.prestart.empty() || !hooks.create_runtime.empty() || !hooks.poststart.empty() ||
         !hooks.poststop.empty();
}

bool makes_mount_namespace(const oci::Spec& spec) {
  if (!spec.linux) return false;
  return std::ranges::any_of(spec.linux->namespaces, [](const oci::Namespace& entry) {
    return entry.type == oci::NamespaceType::mount && entry.path.empty();
  });
}

// A path of config.json: a relative one is below the bundle.
std::string absolute(const std::string& path, const std::string& rootfs) {
  const std::string bundle = rootfs.substr(0, rootfs.rfind('/') + 1);
  return sys::clean_absolute(path.starts_with('/') ? path : bundle + path);
}

bool is_in(const std::string& source, const std::string& rootfs) {
  const std::string path = absolute(source, rootfs);
  return path == rootfs || path.starts_with(rootfs + "/");
}

bool may_be_detached(const Mount& mount) {
  return mount.target.empty() && (mount.type == "overlay" || mount.type == "bind");
}

// The mount, at `rootfs` or on its way into the container.
Result<sys::UniqueFd> make(const Mount& mount, const std::string& rootfs, RootfsPlace place) {
  const std::string target = rootfs + mount.target;
  const auto plan = TRY(mounts::plan_snapshot({mount.type, mount.source, mount.options}));
  sys::UniqueFd tree = TRY(mounts::make_snapshot(plan, target));
  if (!tree.valid() || place == RootfsPlace::container) return tree;
  TRY(sys::move_mount_to_path(tree.get(), target));
  return sys::UniqueFd();
}

}  // namespace

RootfsPlace place_of(const std::vector<Mount>& mounts, const oci::Spec& spec,
                     const std::string& rootfs) {
  const bool is_simple = mounts.size() == 1 && may_be_detached(mounts.front()) && spec.root &&
                         absolute(spec.root->path, rootfs) == rootfs;
  if (!is_simple || !makes_mount_namespace(spec) || has_hooks_on_host(spec.hooks)) {
    return RootfsPlace::host;
  }
  const bool is_a_source = std::ranges::any_of(
      spec.mounts, [&](const oci::Mount& entry) { return is_in(entry.source, rootfs); });
  return is_a_source ? RootfsPlace::host : RootfsPlace::container;
}

Result<sys::UniqueFd> mount_rootfs(const std::vector<Mount>& mounts, const std::string& rootfs,
                                   RootfsPlace place) {
  sys::UniqueFd root;
  for (const Mount& mount : mounts) {
    auto made = make(mount, rootfs, place);
    if (!made.ok()) {
      ignore(unmount_rootfs(rootfs), "the error that matters is the mount's");
      return std::move(made).context("failed to mount rootfs component");
    }
    root = std::move(made).value();
  }
  return root;
}

Result<> unmount_rootfs(const std::string& rootfs) {
  while (true) {
    const auto gone = sys::umount(rootfs, MNT_DETACH | UMOUNT_NOFOLLOW);
    if (gone.ok()) continue;
    const int error = gone.error().errno_value;
    if (error == EINVAL || error == ENOENT) return {};  // nothing is mounted there
    return gone.error();
  }
}

}  // namespace myrt::shim
