#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "mounts/apply_steps.h"
#include "mounts/attributes.h"
#include "mounts/plan_steps.h"
#include "sys/files.h"
#include "sys/paths.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

// The superblock flags that fsconfig(2) knows. MS_SILENT is what an fs context always does.
struct FlagKey {
  std::uint64_t flag;
  const char* key;
};
constexpr FlagKey kFlagKeys[] = {{MS_SYNCHRONOUS, "sync"},
                                 {MS_DIRSYNC, "dirsync"},
                                 {MS_LAZYTIME, "lazytime"},
                                 {MS_MANDLOCK, "mand"}};

Result<> configure(int fs_fd, const std::string& parameter) {
  const std::size_t equals = parameter.find('=');
  if (equals == std::string::npos) return sys::fsconfig_flag(fs_fd, parameter);
  return sys::fsconfig_string(fs_fd, parameter.substr(0, equals), parameter.substr(equals + 1));
}

// That of what a tmpfs without `mode=` covers.
Result<std::optional<mode_t>> inherited_mode(const NewFilesystem& filesystem,
                                             const Target& target) {
  if (!filesystem.inherit_mode || !target.existed) return std::optional<mode_t>();
  return std::optional<mode_t>(TRY(sys::stat_fd(target.fd.get())).st_mode & 07777U);
}

// A superblock flag that the new mount API has no word for. A remount replaces every flag, so it
// says all of them again.
Result<> set_iversion(int mount_fd, const NewFilesystem& filesystem) {
  const unsigned long flags = MS_REMOUNT | static_cast<unsigned long>(filesystem.superblock_flags) |
                              mount_flags_of(filesystem.attributes);
  return sys::mount("", sys::fd_path(mount_fd), "", flags, "");
}

Result<> label_root(int mount_fd, const std::string& label) {
  const UniqueFd directory = TRY(sys::open_at(mount_fd, ".", O_RDONLY | O_DIRECTORY));
  if (::fsetxattr(directory.get(), "security.selinux", label.c_str(), label.size() + 1, 0) == 0) {
    return {};
  }
  return errno_error("fsetxattr", fmt::format("label with `{}`", label));
}

// While it is detached: the kernel maps no mount that somebody may use already.
Result<> map_ids(int mount_fd, const NewFilesystem& filesystem, int user_namespace_fd) {
  auto mapped = sys::mount_setattr(mount_fd, filesystem.id_mapping->recursive,
                                   {MOUNT_ATTR_IDMAP, 0, 0, user_namespace_fd});
  if (mapped.ok() || mapped.error().errno_value != EINVAL) return mapped;
  return std::move(mapped).context(fmt::format(
      "idmap: the filesystem `{}` does not support id-mapped mounts", filesystem.fstype));
}

Result<Target> open_filesystem_target(const NewFilesystem& filesystem,
                                      const std::string& destination, const Workshop& workshop) {
  if (filesystem.real_directory) return open_real_directory(workshop.root_fd, destination);
  const int parent_fd = workshop.parent_of(destination);
  if (parent_fd >= 0) {
    Result<Target> target =
        make_child_directory(parent_fd, destination.substr(destination.rfind('/') + 1));
    if (target.ok()) return target;
  }
  return open_target(workshop.root_fd, destination, TargetKind::directory);
}

}  // namespace

Result<UniqueFd> make_detached(const NewFilesystem& filesystem, std::optional<mode_t> mode,
                               sys::DeferredClose& done) {
  UniqueFd fs = TRY(sys::fsopen(filesystem.fstype));
  if (!filesystem.source.empty()) {
    TRY(sys::fsconfig_string(fs.get(), "source", filesystem.source));
  }
  for (const FlagKey& known : kFlagKeys) {
    if ((filesystem.superblock_flags & known.flag) != 0) {
      TRY(sys::fsconfig_flag(fs.get(), known.key));
    }
  }
  for (const std::string& parameter : filesystem.parameters) TRY(configure(fs.get(), parameter));
  if (mode) TRY(sys::fsconfig_string(fs.get(), "mode", fmt::format("{:o}", *mode)));
  TRY(sys::fsconfig_create(fs.get()));
  UniqueFd mount = TRY(sys::fsmount(fs.get(), filesystem.attributes));
  done.add(std::move(fs));
  return mount;
}

Result<UniqueFd> mount_filesystem(const NewFilesystem& filesystem, const std::string& destination,
                                  const Sources::Source& source, Workshop& workshop) {
  Target target = TRY(open_filesystem_target(filesystem, destination, workshop));
  TRY(check_not_inside_procfs(target, destination));
  const auto mode = TRY(inherited_mode(filesystem, target));
  UniqueFd mount = TRY(make_detached(filesystem, mode, workshop.done));
  if (filesystem.copy_up && target.existed) TRY(copy_tree(target.fd.get(), mount.get()));
  TRY(change_attributes(mount.get(), filesystem.changes));
  if (!filesystem.root_label.empty()) TRY(label_root(mount.get(), filesystem.root_label));
  if (filesystem.id_mapping) {
    TRY(map_ids(mount.get(), filesystem, source.user_namespace.get()));
  }
  TRY(face_attack(target, destination, workshop.root_fd));
  TRY(attach(mount.get(), target, destination));
  workshop.done.add(std::move(target.fd));
  // mount(2) takes attached mounts only.
  if ((filesystem.superblock_flags & MS_I_VERSION) != 0) {
    TRY(set_iversion(mount.get(), filesystem));
  }
  return mount;
}

Result<> remount(const ParsedOptions& options, const std::string& destination, int root_fd) {
  const UniqueFd mount = TRY(sys::open_in_root(root_fd, destination, O_PATH));
  if (options.bind != Bind::no) {
    return change_attributes(mount.get(), bind_changes(options, 0, Unnamed::kept));
  }
  std::string data;
  for (const std::string& word : options.data) {
    if (!data.empty()) data += ',';
    data += word;
  }
  const unsigned long flags = MS_REMOUNT | static_cast<unsigned long>(options.superblock_flags) |
                              mount_flags_of(new_mount_attributes(options));
  TRY(sys::mount("", sys::fd_path(mount.get()), "", flags, data));
  return change_attributes(mount.get(), propagation_changes(options));
}

}  // namespace myrt::mounts
