#include "runtime/container/restore_check.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "sys/files.h"
#include "sys/paths.h"
#include "sys/weakness.h"

namespace myrt::container {
namespace {

using sys::UniqueFd;

struct AttributeWord {
  std::uint64_t attribute;
  std::string_view word;  // of mountinfo's per-mount options
};
constexpr std::array kWords = {
    AttributeWord{MOUNT_ATTR_RDONLY, "ro"},
    AttributeWord{MOUNT_ATTR_NOSUID, "nosuid"},
    AttributeWord{MOUNT_ATTR_NODEV, "nodev"},
    AttributeWord{MOUNT_ATTR_NOEXEC, "noexec"},
};
const dev_t kNullDevice = makedev(1, 3);

Error not_as_configured(std::string_view what, std::string_view problem) {
  return make_error(ErrorCode::unsupported,
                    fmt::format("the restored `{}` {}: nothing of it is started", what, problem));
}

bool has_word(std::string_view options, std::string_view word) {
  while (true) {
    const std::size_t comma = options.find(',');
    if (options.substr(0, comma) == word) return true;
    if (comma == std::string_view::npos) return false;
    options.remove_prefix(comma + 1);
  }
}

using Name = std::tuple<SourceKind, std::size_t, std::string>;

std::vector<Name> names_of(const auto& mounts) {
  std::vector<Name> names;
  names.reserve(mounts.size());
  for (const auto& mount : mounts) names.emplace_back(mount.kind, mount.index, mount.below);
  std::ranges::sort(names);
  return names;
}

// What the plan sets, and does not clear again, on the mount itself or on those below it.
std::uint64_t planned_attributes(const mounts::BindMount& bind, bool below) {
  std::uint64_t attributes = 0;
  for (const mounts::AttributeChange& change : bind.changes) {
    if (below && change.recursive == sys::Recursive::no) continue;
    attributes = (attributes & ~change.clear) | change.set;
  }
  return attributes;
}

Result<> check_attributes(const ExternalMount& mount, const mounts::Plan& plan) {
  if (mount.kind != SourceKind::mount) return {};
  const auto* bind = std::get_if<mounts::BindMount>(&plan.steps[mount.index].action);
  const std::uint64_t wanted = planned_attributes(*bind, !mount.below.empty());
  for (const AttributeWord& entry : kWords) {
    if ((wanted & entry.attribute) != 0 && !has_word(mount.options, entry.word)) {
      return not_as_configured(mount.mount_point, fmt::format("is not `{}`", entry.word));
    }
  }
  return {};
}

// An invalid fd when there is nothing.
Result<UniqueFd> open_existing(int root_fd, const std::string& path) {
  auto fd = sys::open_in_root(root_fd, path, O_PATH);
  if (fd.ok()) return fd;
  const int error = fd.error().errno_value;
  if (error == ENOENT || error == ENOTDIR) return UniqueFd();
  return fd;
}

Result<bool> is_read_only(int fd) {
  struct statvfs status = {};
  if (::fstatvfs(fd, &status) != 0) return errno_error("fstatvfs", "check a path of the container");
  return (status.f_flag & ST_RDONLY) != 0;
}

Result<> check_masked(const std::string& path, int root_fd) {
  const UniqueFd fd = TRY(open_existing(root_fd, path));
  if (!fd.valid()) return {};
  const struct stat status = TRY(sys::stat_fd(fd.get()));
  if (!S_ISDIR(status.st_mode)) {
    const bool null = S_ISCHR(status.st_mode) && status.st_rdev == kNullDevice;
    return null ? Result<>() : not_as_configured(path, "is not masked");
  }
  struct statfs filesystem = {};
  if (::fstatfs(fd.get(), &filesystem) != 0) return errno_error("fstatfs", "check a masked path");
  if (filesystem.f_type == TMPFS_MAGIC && TRY(is_read_only(fd.get()))) return {};
  return not_as_configured(path, "is not masked");
}

Result<> check_read_only(const std::string& path, int root_fd) {
  const UniqueFd fd = TRY(open_existing(root_fd, path));
  if (!fd.valid() || TRY(is_read_only(fd.get()))) return {};
  return not_as_configured(path, "is not read-only");
}

}  // namespace

Result<> compare_mounts(const std::vector<ExternalMount>& external, const mounts::Plan& plan,
                        const CheckpointDocument& document) {
  if (sys::weakened("without-restore-check")) return {};
  const auto present = names_of(external);
  for (const KeyedMount& mount : document.mounts) {
    const Name name(mount.kind, mount.index, mount.below);
    if (!std::ranges::binary_search(present, name)) {
      return not_as_configured(mount.destination + mount.below, "is not what the config has there");
    }
  }
  if (present != names_of(document.mounts)) {
    return not_as_configured("mounts", "show more of the host than the checkpoint");
  }
  for (const ExternalMount& mount : external) TRY(check_attributes(mount, plan));
  return {};
}

Result<> check_restored_mounts(const sys::Procfs& procfs, pid_t pid, const mounts::Plan& plan,
                               const CheckpointDocument& document) {
  const UniqueFd root = TRY(open_container_root(procfs, pid));
  const auto observed = TRY(observe_mounts(procfs, pid, root.get()));
  const auto sources = host_sources(plan);
  auto external = match_mounts(observed, sources);
  add_submounts(observed, sources, external);
  TRY(compare_mounts(external, plan, document));
  if (plan.root.readonly) TRY(check_read_only("/", root.get()));
  for (const std::string& path : plan.masked_paths) TRY(check_masked(path, root.get()));
  for (const std::string& path : plan.readonly_paths) TRY(check_read_only(path, root.get()));
  return {};
}

}  // namespace myrt::container
