#include "mounts/hot.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mounts/apply_steps.h"
#include "mounts/attributes.h"
#include "mounts/plan_steps.h"
#include "sys/files.h"
#include "sys/mount_api.h"
#include "sys/paths.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

Error unsupported(std::size_t index, const std::string& destination, std::string_view reason) {
  Error error = make_error(ErrorCode::unsupported,
                           fmt::format("mounts[{}]: `{}`: {}", index, destination, reason));
  error.pointer = mount_pointer(index);
  return error;
}

// Why a step cannot be made later than the container; empty when it can.
std::string_view obstacle(const Step& step) {
  if (std::holds_alternative<Remount>(step.action)) return "`remount` adds no mount";
  if (const auto* bind = std::get_if<BindMount>(&step.action)) {
    if (bind->copy_symlink) return "`copy-symlink` adds no mount";
    if (!bind->inside.empty() && bind->id_mapping) {
      return "an id mapping of a source inside the container is not supported";
    }
    return bind->must_be_procfs ? "`/proc` is already mounted" : "";
  }
  const auto* filesystem = std::get_if<NewFilesystem>(&step.action);
  if (filesystem == nullptr) return "adds no mount";
  if (filesystem->fstype == "proc") return "`/proc` is already mounted";
  if ((filesystem->superblock_flags & MS_I_VERSION) != 0) return "`iversion` is not supported";
  if (filesystem->id_mapping) return "id mappings of a new filesystem are not supported";
  return "";
}

// umount2(2) takes no fd. The way to one leads through the host's procfs, which is entered by fd:
// the container can put nothing on it.
Result<> detach(int mount_fd, const std::string& destination, const sys::Procfs& procfs) {
  if (::fchdir(procfs.fd()) != 0) return errno_error("fchdir", "enter /proc");
  return sys::umount(fmt::format("self/fd/{}", mount_fd), MNT_DETACH)
      .context(fmt::format("unmount `{}`", destination));
}

// The mounts added so far: taken away again unless kept.
class Added {
 public:
  explicit Added(const sys::Procfs& procfs) : procfs_(procfs) {}
  Added(const Added&) = delete;
  Added& operator=(const Added&) = delete;
  ~Added() {
    for (auto one = mounts_.rbegin(); one != mounts_.rend(); ++one) {
      ignore(detach(one->second.get(), one->first.destination, procfs_),
             "the step that failed is what the caller must hear");
    }
  }

  Result<> add(const std::string& destination, UniqueFd mount) {
    mounts_.emplace_back(HotMount{destination, 0}, std::move(mount));
    mounts_.back().first.mount_id = TRY(sys::mount_place(mounts_.back().second.get())).mount_id;
    return {};
  }
  std::vector<HotMount> keep() {
    std::vector<HotMount> kept;
    for (const auto& [mount, fd] : mounts_) kept.push_back(mount);
    mounts_.clear();
    return kept;
  }

 private:
  const sys::Procfs& procfs_;
  std::vector<std::pair<HotMount, UniqueFd>> mounts_;
};

Result<> add_step(const Step& step, Sources::Source& source, int root_fd, Added& added) {
  const std::string& destination = step.destination;
  Workshop workshop;
  workshop.root_fd = root_fd;
  if (const auto* bind = std::get_if<BindMount>(&step.action)) {
    if (!bind->inside.empty()) source = TRY(open_source_inside(*bind, step, root_fd));
    TRY(attach_bind(*bind, destination, source, workshop));
    return added.add(destination, std::move(source.tree));
  }
  const auto& filesystem = std::get<NewFilesystem>(step.action);
  UniqueFd mount = TRY(mount_filesystem(filesystem, destination, source, workshop));
  const int fd = mount.get();
  TRY(added.add(destination, std::move(mount)));
  return change_attributes(fd, filesystem.changes_at_the_end);
}

// The mount at its destination, whether that ends in a symlink that was followed or not.
Result<UniqueFd> find(const HotMount& mount, int root_fd) {
  for (auto* open :
       {+[](int fd, const std::string&path) { return sys::open_in_root(fd, path, O_PATH); },
        +[](int fd, const std::string&path) {
          return sys::open_in_root_nofollow(fd, path, O_PATH);
        }}) {
    Result<UniqueFd> there = open(root_fd, mount.destination);
    if (!there.ok()) continue;
    const sys::MountPlace place = TRY(sys::mount_place(there->get()));
    if (place.is_mount_root && place.mount_id == mount.mount_id) return there;
  }
  return make_error(ErrorCode::wrong_status,
                    fmt::format("`{}` is not the mount that was added there", mount.destination));
}

}  // namespace

Result<Plan> plan_hot_mounts(const oci::Spec& spec, const std::vector<oci::Mount>& mounts,
                             const Inputs& inputs) {
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    if (mounts[i].type != "cgroup" && mounts[i].type != "cgroup2") continue;
    return unsupported(i, mounts[i].destination,
                       "cgroups are mounted when the container is created");
  }
  oci::Spec more;
  more.root = spec.root;
  more.mounts = mounts;
  more.annotations = spec.annotations;  // the type of a label's context
  if (spec.linux) {
    auto& section = more.linux.emplace();
    section.mount_label = spec.linux->mount_label;
    section.rootfs_propagation = spec.linux->rootfs_propagation;
  }
  Plan whole = TRY(plan(more, inputs));
  Plan hot;
  hot.root.attach = false;
  hot.furnish_dev = false;
  hot.steps = std::move(whole.steps);
  hot.warnings = std::move(whole.warnings);
  for (const Step& step : hot.steps) {
    const std::string_view reason = obstacle(step);
    if (!reason.empty()) return unsupported(step.mount_index, step.destination, reason);
  }
  return hot;
}

Result<std::vector<HotMount>> add_hot_mounts(const Plan& plan, Sources& sources, int root_fd,
                                             const sys::Procfs& procfs) {
  ::umask(0);  // modes of what is made are exact
  Added added(procfs);
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    Result<> result = add_step(step, sources.steps[i], root_fd, added);
    if (!result.ok()) {
      return std::move(result).context(described(step)).at(mount_pointer(step.mount_index)).error();
    }
  }
  return added.keep();
}

Result<> remove_hot_mounts(const std::vector<HotMount>& mounts, int root_fd,
                           const sys::Procfs& procfs) {
  std::vector<UniqueFd> found;
  found.reserve(mounts.size());
  for (const HotMount& mount : mounts) found.push_back(TRY(find(mount, root_fd)));
  for (std::size_t i = mounts.size(); i-- > 0;) {
    TRY(detach(found[i].get(), mounts[i].destination, procfs));
  }
  return {};
}

}  // namespace myrt::mounts
