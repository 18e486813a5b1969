// AppArmor profiles and SELinux labels that the next execve takes on (LSM-01, LSM-02).
#pragma once

#include <string>

#include "oci-spec/spec.h"
#include "sys/procfs.h"
#include "sys/result.h"

namespace myrt::init {

// Whether the host's LSM is on. `sysfs_fd` is a directory fd of /sys, opened by the runtime
// process.
bool apparmor_enabled(int sysfs_fd);
bool selinux_enabled(int sysfs_fd);

// In the runtime process, when the process names a profile or a label: refuses one whose LSM is
// off, before anything was made. `base_pointer` is "/process". Errors: unsupported.
Result<> check_lsm_support(const oci::Process& process, int sysfs_fd,
                           const std::string& base_pointer);

// In init, after the last step that the profile could forbid. An empty name does nothing. The write
// goes through Procfs, so nothing mounted over /proc can swallow it (CVE-2019-16884). Errors:
// system (the profile is not loaded, the label is not valid).
Result<> set_apparmor_exec_profile(const sys::Procfs& procfs, const std::string& profile);
Result<> set_selinux_exec_label(const sys::Procfs& procfs, const std::string& label);
// Label of keys made from now on; before the session keyring is made.
Result<> set_selinux_keycreate_label(const sys::Procfs& procfs, const std::string& label);

}  // namespace myrt::init
