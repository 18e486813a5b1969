#include "mounts/root.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <string_view>

#include "mounts/attributes.h"
#include "sys/files.h"
#include "sys/paths.h"
#include "sys/process.h"
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

Result<> change_root_here() {
  if (::chroot(".") == 0) return {};
  return errno_error("chroot", "chroot to the container's root");
}

// pivot_root(2), NOTES: the old root ends up on top of the new one, where "." finds it again.
Result<> pivot_here() {
  Result<> pivoted = sys::pivot_root(".", ".");
  // EINVAL has five meanings, of which these are not of our making (pivot_root(2), ERRORS).
  if (!pivoted.ok() && pivoted.error().errno_value == EINVAL) {
    return std::move(pivoted).context(
        "the runtime's own root has to be a mount, on one that is not shared, and no ramdisk's");
  }
  TRY(std::move(pivoted));
  return sys::umount(".", MNT_DETACH);
}

bool is_same_file(const Root& root, const std::string& one, const std::string& other) {
  const auto status = [&root](const std::string& path) -> Result<struct stat> {
    return sys::stat_fd(TRY(sys::open_in_root(root.fd.get(), path, O_PATH)).get());
  };
  const auto a = status(one);
  const auto b = status(other);
  return a.ok() && b.ok() && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

// Asked only when pivot_root has failed: a look at every destination would cost each start. A mount
// that covers the root is found by ".." alone.
Error explain_busy_root(Error error, const Plan& plan, const Root& root) {
  if (error.errno_value != EBUSY) return error;
  for (const Step& step : plan.steps) {
    if (!is_same_file(root, step.destination, "/") && !is_same_file(root, step.destination, ".."))
      continue;
    return config_error(
        fmt::format("/mounts/{}/destination", step.mount_index),
        fmt::format("`{}` leads to `/`, which is the root's own mount", step.destination));
  }
  return error;
}

// The root covers the host's "/", so that a process which leaves the chroot is still in it.
Result<> move_here(int root_fd) {
  const UniqueFd host_root = TRY(sys::open("/", O_PATH | O_DIRECTORY));
  TRY(sys::move_mount_onto(root_fd, host_root.get(), "/"));
  return change_root_here();
}

Result<> enter_directory(const Root& root) {
  if (::fchdir(root.fd.get()) == 0) return {};
  return errno_error("fchdir", "enter the container's root");
}

// setns(2) with the namespace that we are in: "/" is afterwards what it is for everybody who joins
// this namespace later. "." is to be the container's root again, and says whether that is the same.
Result<bool> is_root_of_namespace(const Root& root) {
  // Left to whoever closes all that the container's program must not inherit.
  const int self = TRY(sys::pidfd_open(::getpid())).release();
  if (::setns(self, CLONE_NEWNS) != 0) {
    const int error = errno;
    TRY(enter_directory(root));
    // Neither leaves a chroot nor joins a mount namespace without this capability.
    if (error == EPERM && ::prctl(PR_CAPBSET_READ, CAP_SYS_CHROOT) == 0) return true;
    return errno_error("setns", "go to the root of the mount namespace", error);
  }
  TRY(enter_directory(root));
  char path[PATH_MAX];
  const long size = ::syscall(SYS_getcwd, path, sizeof path);
  if (size < 0) return errno_error("getcwd", "compare the container's root with the namespace's");
  return std::string_view(path) == "/";
}

// Where myrt itself is in a chroot, pivot_root has exchanged the root of the chroot, and the host's
// tree is still above it: a process of `exec` would start there, and CAP_SYS_CHROOT would lead
// there. Now that "/" is the root of the namespace, it is exchanged in the same way.
Result<> become_root_of_namespace(const Plan& plan, const Root& root) {
  if (sys::weakened("without-namespace-root")) return {};
  if (TRY(is_root_of_namespace(root))) return {};
  if (plan.root.root_switch == RootSwitch::move) {
    return make_error(ErrorCode::unsupported, "`--no-pivot` is not supported in a chroot");
  }
  // What lies outside of the chroot is shared with the host until here.
  TRY(sys::mount("", "/", "", MS_SLAVE | MS_REC, ""));
  return pivot_here();
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
  TRY(enter_directory(root));
  switch (plan.root.root_switch) {
    case RootSwitch::pivot:
      TRY(pivot_here());
      break;
    case RootSwitch::move:
      TRY(move_here(root.fd.get()));
      break;
    case RootSwitch::chroot:
      return change_root_here();
  }
  // Where a mount covers the container's root, the first one may have exchanged the covered one.
  auto entered = become_root_of_namespace(plan, root);
  if (!entered.ok()) return explain_busy_root(std::move(entered).error(), plan, root);
  return entered;
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
