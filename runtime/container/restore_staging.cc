#include "runtime/container/restore_staging.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>

#include "sys/files.h"
#include "sys/mount_api.h"
#include "sys/paths.h"

namespace myrt::container {
namespace {

using sys::UniqueFd;

constexpr const char* kRoot = "root";
constexpr std::array kStagingDirectories = {"/mnt", "/media", "/srv"};
constexpr const char* kNull = "null";

std::string staged_name(const KeyedMount& mount) {
  switch (mount.kind) {
    case SourceKind::mount:
      return fmt::format("mount{}", mount.index);
    case SourceKind::device:
      return fmt::format("device{}", mount.index);
    case SourceKind::mask:
      break;
  }
  return kNull;
}

// A mount that came with a recursive bind has a place of its own, so that no path leads through
// what others can change.
std::string staged_path(const CheckpointDocument& document, std::size_t i) {
  const KeyedMount& mount = document.mounts[i];
  return mount.below.empty() ? staged_name(mount) : fmt::format("below{}", i);
}

UniqueFd* source_of(const KeyedMount& mount, mounts::Sources& sources) {
  switch (mount.kind) {
    case SourceKind::mount:
      return &sources.steps[mount.index].tree;
    case SourceKind::device:
      return &sources.device_trees[mount.index];
    case SourceKind::mask:
      break;
  }
  return &sources.null_device;
}

Error differs(const KeyedMount& mount) {
  return make_error(ErrorCode::invalid_argument,
                    fmt::format("the config has no mount `{}` like the container that was saved",
                                mount.destination));
}

bool is_planned(const KeyedMount& mount, const mounts::Plan& plan) {
  switch (mount.kind) {
    case SourceKind::mount:
      return mount.index < plan.steps.size() &&
             plan.steps[mount.index].destination == mount.destination &&
             std::holds_alternative<mounts::BindMount>(plan.steps[mount.index].action);
    case SourceKind::device:
      return plan.device_method == mounts::DeviceMethod::bind &&
             mount.index < plan.devices.size() &&
             plan.devices[mount.index].path == mount.destination;
    case SourceKind::mask:
      return !plan.masked_paths.empty() && mount.below.empty();
  }
  return false;
}

// The same mount where the plan has it. Podman lists mounts of its own in any order.
std::optional<KeyedMount> planned(const KeyedMount& mount, const mounts::Plan& plan) {
  if (is_planned(mount, plan)) return mount;
  if (mount.kind == SourceKind::mask) return std::nullopt;
  std::optional<KeyedMount> found;
  for (std::size_t i = 0; i < std::max(plan.steps.size(), plan.devices.size()); ++i) {
    KeyedMount candidate = mount;
    candidate.index = i;
    if (!is_planned(candidate, plan)) continue;
    if (found) return std::nullopt;  // one on the other: which of them is the question
    found = std::move(candidate);
  }
  return found;
}

bool is_below(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() && path.starts_with(directory) &&
         path[directory.size()] == '/';
}

// The last step before `index` that covers its destination; nullptr: it lies in the rootfs.
const mounts::Step* covering_step(const mounts::Plan& plan, std::size_t index,
                                  std::size_t& covering_index) {
  for (std::size_t i = index; i-- > 0;) {
    if (is_below(plan.steps[index].destination, plan.steps[i].destination)) {
      covering_index = i;
      return &plan.steps[i];
    }
  }
  return nullptr;
}

bool needs_directory(const mounts::Step& step, const mounts::Sources::Source& source) {
  return std::holds_alternative<mounts::BindMount>(step.action) ? source.directory : true;
}

Result<> make_mount_point(const mounts::Plan& plan, const mounts::Sources& sources,
                          std::size_t index) {
  const mounts::Step& step = plan.steps[index];
  if (std::holds_alternative<mounts::Remount>(step.action) ||
      std::holds_alternative<mounts::Symlink>(step.action)) {
    return {};
  }
  const bool directory = needs_directory(step, sources.steps[index]);
  std::size_t below = 0;
  const mounts::Step* covering = covering_step(plan, index, below);
  if (covering == nullptr) {
    TRY(sys::make_mount_target(sources.root_tree.get(), step.destination, directory));
    return {};
  }
  if (!std::holds_alternative<mounts::BindMount>(covering->action)) return {};
  const UniqueFd& tree = sources.steps[below].tree;
  if (!tree.valid()) return {};
  const std::string inside = step.destination.substr(covering->destination.size());
  TRY(sys::make_mount_target(tree.get(), inside, directory));
  return {};
}

// Puts `tree` on a new file or directory of the staging filesystem.
Result<> stage(int tree, const std::string& name, int staging_fd) {
  if (sys::exists_at(staging_fd, name)) return {};  // masks share one
  if (S_ISDIR(TRY(sys::stat_fd(tree)).st_mode)) {
    TRY(sys::mkdir_at(staging_fd, name, 0700));
  } else {
    TRY(sys::write_new_file_at(staging_fd, name, "", 0600));
  }
  const UniqueFd target = TRY(sys::open_at(staging_fd, name, O_PATH | O_NOFOLLOW));
  return sys::move_mount_onto(tree, target.get(), name);
}

// `tree` is mounted by now: only then can a part of it be cloned.
Result<> stage_below(int tree, const std::string& below, const std::string& name, int staging_fd) {
  const UniqueFd part = TRY(sys::open_beneath(tree, below.substr(1), O_PATH));
  const UniqueFd clone = TRY(sys::open_tree(part.get(), "", OPEN_TREE_CLONE | AT_EMPTY_PATH));
  return stage(clone.get(), name, staging_fd);
}

Result<> stage_mount(const CheckpointDocument& document, std::size_t i, mounts::Sources& sources,
                     int staging_fd) {
  const KeyedMount& mount = document.mounts[i];
  const UniqueFd* tree = source_of(mount, sources);
  if (!tree->valid()) return {};  // a symlink that was copied
  TRY(stage(tree->get(), staged_name(mount), staging_fd));
  if (mount.below.empty()) return {};
  return stage_below(tree->get(), mount.below, staged_path(document, i), staging_fd);
}

Result<UniqueFd> mount_staging(const std::string& staging) {
  // What the runtime's own namespace gets from its peers still arrives; nothing leaves.
  TRY(sys::mount("", "/", "", MS_SLAVE | MS_REC, ""));
  const UniqueFd context = TRY(sys::fsopen("tmpfs"));
  TRY(sys::fsconfig_string(context.get(), "source", "tmpfs"));
  TRY(sys::fsconfig_string(context.get(), "mode", "755"));
  TRY(sys::fsconfig_create(context.get()));
  UniqueFd mount = TRY(sys::fsmount(context.get(), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  // By path: an fd of the runtime process is one of its mount namespace.
  const UniqueFd target = TRY(sys::open(staging, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  TRY(sys::move_mount_onto(mount.get(), target.get(), staging));
  return mount;
}

}  // namespace

Result<std::string> find_staging_directory() {
  for (const char* path : kStagingDirectories) {
    const auto directory = sys::open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!directory.ok()) continue;
    const auto status = sys::stat_fd(directory->get());
    if (status.ok() && (status->st_mode & S_IXOTH) != 0) return std::string(path);
  }
  return make_error(ErrorCode::unsupported,
                    "a restore needs a directory `/mnt`, `/media` or `/srv`");
}

Result<CheckpointDocument> fit_document(CheckpointDocument document, const mounts::Plan& plan) {
  for (KeyedMount& mount : document.mounts) {
    std::optional<KeyedMount> found = planned(mount, plan);
    if (!found) return differs(mount);
    mount = std::move(*found);
  }
  return document;
}

std::vector<std::string> external_options(const CheckpointDocument& document,
                                          const std::string& staging) {
  std::vector<std::string> options;
  for (std::size_t i = 0; i < document.mounts.size(); ++i) {
    options.push_back(
        fmt::format("mnt[{}]:{}/{}", document.mounts[i].key, staging, staged_path(document, i)));
  }
  return options;
}

std::string staged_root(const std::string& staging) { return staging + "/" + kRoot; }

Result<> make_mount_points(const mounts::Plan& plan, const mounts::Sources& sources) {
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    TRY(make_mount_point(plan, sources, i)
            .context(fmt::format("mounts[{}]", plan.steps[i].mount_index)));
  }
  return {};
}

Result<> lay_out(const CheckpointDocument& document, mounts::Sources& sources,
                 const std::string& staging) {
  const UniqueFd directory = TRY(mount_staging(staging));
  TRY(stage(sources.root_tree.get(), kRoot, directory.get()));
  for (std::size_t i = 0; i < document.mounts.size(); ++i) {
    TRY(stage_mount(document, i, sources, directory.get())
            .context(fmt::format("mount `{}`", document.mounts[i].destination)));
  }
  return {};
}

}  // namespace myrt::container
