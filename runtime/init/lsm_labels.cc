#include "runtime/init/lsm_labels.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <cerrno>

#include "sys/files.h"
#include "sys/unique_fd.h"

namespace myrt::init {
namespace {

Error lsm_off(const std::string& pointer, std::string_view lsm, std::string_view value) {
  Error error = config_error(pointer, fmt::format("`{}` needs {}, which is off", value, lsm));
  error.code = ErrorCode::unsupported;
  return error;
}

}  // namespace

bool apparmor_enabled(int sysfs_fd) {
  const Result<std::string> enabled =
      sys::read_file_at(sysfs_fd, "module/apparmor/parameters/enabled");
  return enabled.ok() && enabled->starts_with('Y');
}

bool selinux_enabled(int sysfs_fd) {
  const Result<sys::UniqueFd> directory =
      sys::open_at(sysfs_fd, "fs/selinux", O_PATH | O_DIRECTORY);
  struct statfs filesystem {};
  // The directory is there also when nothing is mounted on it.
  if (!directory.ok() || ::fstatfs(directory->get(), &filesystem) != 0 ||
      static_cast<unsigned long>(filesystem.f_type) != SELINUX_MAGIC) {
    return false;
  }
  // Without a policy the kernel takes any label and means none by it; contexts are one word then.
  const Result<std::string> context =
      sys::read_file_at(directory->get(), "initial_contexts/kernel");
  return context.ok() && context->find(':') != std::string::npos;
}

Result<> check_lsm_support(const oci::Process& process, int sysfs_fd,
                           const std::string& base_pointer) {
  if (!process.apparmor_profile.empty() && !apparmor_enabled(sysfs_fd)) {
    return lsm_off(base_pointer + "/apparmorProfile", "AppArmor", process.apparmor_profile);
  }
  if (!process.selinux_label.empty() && !selinux_enabled(sysfs_fd)) {
    return lsm_off(base_pointer + "/selinuxLabel", "SELinux", process.selinux_label);
  }
  return {};
}

Result<> set_apparmor_exec_profile(const sys::Procfs& procfs, const std::string& profile) {
  if (profile.empty()) return {};
  const std::string value = "exec " + profile;
  // podman takes the file in the message's backquotes for the sign of a label error.
  // The directory of AppArmor's own came with Linux 5.8 and stays right when another LSM has the
  // old, shared file.
  Result<> own = procfs.write("self/attr/apparmor/exec", value);
  if (own.ok() || own.error().errno_value != ENOENT) {
    return std::move(own).at("/process/apparmorProfile");
  }
  return procfs.write("self/attr/exec", value).at("/process/apparmorProfile");
}

Result<> set_selinux_exec_label(const sys::Procfs& procfs, const std::string& label) {
  if (label.empty()) return {};
  return procfs.write("self/attr/exec", label).at("/process/selinuxLabel");
}

Result<> set_selinux_keycreate_label(const sys::Procfs& procfs, const std::string& label) {
  if (label.empty()) return {};
  return procfs.write("self/attr/keycreate", label).at("/process/selinuxLabel");
}

}  // namespace myrt::init
