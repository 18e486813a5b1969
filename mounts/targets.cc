#include "mounts/targets.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "sys/files.h"
#include "sys/mount_api.h"
#include "sys/paths.h"
#include "sys/weakness.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

bool is_missing(const Result<UniqueFd>& result) {
  return !result.ok() && result.error().errno_value == ENOENT;
}

}  // namespace

Result<Target> open_target(int root_fd, const std::string& destination, TargetKind kind) {
  Result<UniqueFd> existing = sys::open_in_root(root_fd, destination, O_PATH);
  if (existing.ok()) return Target{std::move(existing).value(), true, -1, {}};
  if (!is_missing(existing)) return std::move(existing).error();
  return Target{TRY(sys::make_mount_target(root_fd, destination, kind == TargetKind::directory)),
                false,
                -1,
                {}};
}

Result<Target> open_target_nofollow(int root_fd, const std::string& destination, TargetKind kind) {
  Result<UniqueFd> existing = sys::open_in_root_nofollow(root_fd, destination, O_PATH);
  if (existing.ok()) return Target{std::move(existing).value(), true, -1, {}};
  if (!is_missing(existing)) return std::move(existing).error();
  const sys::ParentAndName at = TRY(sys::make_parent_in_root(root_fd, destination));
  if (kind == TargetKind::directory) return open_child_directory(at.parent.get(), at.name);
  return Target{TRY(make_file_nofollow(at.parent.get(), at.name, 0644)), false, -1, {}};
}

Result<Target> open_real_directory(int root_fd, const std::string& destination) {
  if (sys::weakened("without-real-directory")) {
    return open_target(root_fd, destination, TargetKind::directory);
  }
  Result<UniqueFd> existing =
      sys::open_in_root_nofollow(root_fd, destination, O_PATH | O_DIRECTORY);
  if (existing.ok()) return Target{std::move(existing).value(), true, -1, {}};
  const int error = existing.error().errno_value;
  if (error == ENOTDIR || error == ELOOP) {
    return make_error(ErrorCode::unsupported,
                      fmt::format("`{}` must be mounted on ordinary directory", destination));
  }
  if (error != ENOENT) return std::move(existing).error();
  const sys::ParentAndName at = TRY(sys::make_parent_in_root(root_fd, destination));
  return open_child_directory(at.parent.get(), at.name);
}

Result<Target> open_child_directory(int parent_fd, const std::string& name) {
  const bool made = ::mkdirat(parent_fd, name.c_str(), 0755) == 0;
  if (!made && errno != EEXIST) return errno_error("mkdirat", fmt::format("mkdir `{}`", name));
  return Target{
      TRY(sys::open_at(parent_fd, name, O_PATH | O_NOFOLLOW | O_DIRECTORY)), !made, -1, {}};
}

Result<Target> make_child_directory(int parent_fd, const std::string& name) {
  if (::mkdirat(parent_fd, name.c_str(), 0755) == 0) return Target{{}, false, parent_fd, name};
  return open_child_directory(parent_fd, name);
}

Result<> face_attack(Target& target, const std::string& destination, int root_fd) {
  sys::stop_point("mount-target", destination);
  if (!sys::weakened("without-target-fd")) return {};
  target.fd = TRY(sys::open_at(root_fd, "." + destination, O_PATH));
  return {};
}

Result<> attach(int mount_fd, const Target& target, const std::string& destination) {
  if (target.fd.valid()) return sys::move_mount_onto(mount_fd, target.fd.get(), destination);
  return sys::move_mount_at(mount_fd, target.parent_fd, target.name, destination);
}

Result<> check_not_inside_procfs(const Target& target, const std::string& destination) {
  if (!target.existed) return {};  // nothing can be made in a procfs
  if (sys::weakened("without-procfs-target-check")) return {};
  if (destination == "/proc" || destination.starts_with("/proc/")) return {};
  struct statfs status = {};
  if (::fstatfs(target.fd.get(), &status) != 0) {
    return errno_error("fstatfs", fmt::format("stat `{}`", destination));
  }
  if (status.f_type != PROC_SUPER_MAGIC) return {};
  return make_error(ErrorCode::unsupported, fmt::format("`{}` leads into a procfs", destination));
}

Result<UniqueFd> make_file_nofollow(int parent_fd, const std::string& name, mode_t mode) {
  if (sys::weakened("without-nofollow")) {
    return sys::open_at(parent_fd, name, O_RDWR | O_CREAT | O_NONBLOCK | O_NOCTTY, mode);
  }
  Result<UniqueFd> made =
      sys::open_at(parent_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  if (!made.ok() && made.error().errno_value != EEXIST) return made;
  UniqueFd file = TRY(sys::open_at(parent_fd, name, O_PATH | O_NOFOLLOW));
  const struct stat status = TRY(sys::stat_fd(file.get()));
  if (S_ISREG(status.st_mode) || S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) return file;
  return make_error(ErrorCode::unsupported, fmt::format("`{}` is no file or device", name));
}

Result<> make_symlink(const std::string& text, int parent_fd, const std::string& name) {
  if (::symlinkat(text.c_str(), parent_fd, name.c_str()) == 0 || errno == EEXIST) return {};
  return errno_error("symlinkat", fmt::format("symlink `{}` to `{}`", name, text));
}

}  // namespace myrt::mounts
