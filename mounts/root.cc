#include "mounts/root.h"

#include <sys/mount.h>
#include <unistd.h>

#include "mounts/attributes.h"
#include "sys/files.h"
#include "sys/weakness.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

// Over the rootfs directory, as hooks expect to find it there. A user-namespaced init may be unable
// to reach that; "/" itself serves pivot_root as well.
Result<> attach_root(int tree_fd, const std::string& path) {
  Result<> attached = sys::move_mount_to_path(tree_fd, path);
  if (attached.ok() || attached.error().errno_value != EACCES) return attached;
  return sys::move_mount_to_path(tree_fd, "/");
}

Result<> change_directory(const char* path) {
  if (::chdir(path) == 0) return {};
  return errno_error("chdir", fmt::format("chdir `{}`", path));
}

Result<> change_root_here() {
  if (::chroot(".") == 0) return {};
  return errno_error("chroot", "chroot to the container's root");
}

// pivot_root(2), NOTES: the old root ends up on top of the new one, where "." finds it again.
Result<> pivot_here() {
  TRY(sys::pivot_root(".", "."));
  return sys::umount(".", MNT_DETACH);
}

// The root covers the host's "/", so that a process which leaves the chroot is still in it.
Result<> move_here(int root_fd) {
  const UniqueFd host_root = TRY(sys::open("/", O_PATH | O_DIRECTORY));
  TRY(sys::move_mount_onto(root_fd, host_root.get(), "/"));
  return change_root_here();
}

}  // namespace

Result<Root> prepare_root(const Plan& plan, Sources& sources) {
  if (!plan.root.attach) {
    return Root{TRY(sys::open(plan.root.path, O_PATH | O_DIRECTORY).at("/root/path"))};
  }
  // A joined namespace belongs to somebody else: its propagation is not ours to change.
  if (plan.root.root_switch != RootSwitch::chroot) {
    TRY(sys::mount("", "/", "", MS_SLAVE | MS_REC, ""));
  }
  TRY(attach_root(sources.root_tree.get(), plan.root.path).at("/root/path"));
  return Root{std::move(sources.root_tree)};
}

Result<> enter_root(const Plan& plan, const Root& root) {
  if (::fchdir(root.fd.get()) != 0) return errno_error("fchdir", "enter the container's root");
  switch (plan.root.root_switch) {
    case RootSwitch::pivot:
      TRY(pivot_here());
      break;
    case RootSwitch::move:
      TRY(move_here(root.fd.get()));
      break;
    case RootSwitch::chroot:
      TRY(change_root_here());
      break;
  }
  return change_directory("/");
}

Result<> finish_root(const Plan& plan, const Root& root) {
  const Propagation& propagation = plan.root.propagation;
  std::vector<AttributeChange> changes;
  if (propagation.type != 0) {
    changes.push_back({propagation.recursive, 0, 0, propagation.type});
  }
  if (plan.root.readonly) {
    // Of the root alone: mounts below it keep their own flags (ROO-03).
    if (changes.empty() || changes.front().recursive == sys::Recursive::yes) {
      changes.push_back({});
    }
    changes.back().set = MOUNT_ATTR_RDONLY;
  }
  if (plan.root.readonly && sys::weakened("without-root-fd")) {
    return sys::mount("", sys::fd_path(root.fd.get()), "", MS_REMOUNT | MS_BIND | MS_RDONLY, "");
  }
  return change_attributes(root.fd.get(), changes);
}

}  // namespace myrt::mounts
