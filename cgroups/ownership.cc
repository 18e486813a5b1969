#include "cgroups/ownership.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "cgroups/tree.h"
#include "sys/files.h"

namespace myrt::cgroups {
namespace {

constexpr const char* kDelegateList = "/sys/kernel/cgroup/delegate";

bool mounts_its_cgroup_writable(const oci::Spec& spec) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(), [](const oci::Mount& mount) {
    return mount.source == "cgroup" && mount.destination == "/sys/fs/cgroup" &&
           std::find(mount.options.begin(), mount.options.end(), "ro") == mount.options.end();
  });
}

bool has_new_cgroup_namespace(const oci::Spec& spec) {
  return spec.linux && std::any_of(spec.linux->namespaces.begin(), spec.linux->namespaces.end(),
                                   [](const oci::Namespace& entry) {
                                     return entry.type == oci::NamespaceType::cgroup &&
                                            entry.path.empty();
                                   });
}

}  // namespace

bool gives_ownership(const oci::Spec& spec, Mode mode) {
  return mode == Mode::v2 && has_new_cgroup_namespace(spec) && mounts_its_cgroup_writable(spec);
}

std::vector<std::string> delegated_files(const std::string* delegate_text) {
  if (delegate_text == nullptr) {
    return {"cgroup.procs", "cgroup.subtree_control", "cgroup.threads"};
  }
  std::vector<std::string> names = split_words(*delegate_text);
  std::erase_if(names, [](const std::string& name) {
    return name.find('/') != std::string::npos || name == "..";
  });
  return names;
}

Result<> give_ownership(int cgroup_fd, uid_t host_uid, const std::vector<std::string>& files) {
  constexpr gid_t kKeepGroup = static_cast<gid_t>(-1);
  if (::fchown(cgroup_fd, host_uid, kKeepGroup) != 0) {
    return errno_error("fchown", fmt::format("chown the cgroup to `{}`", host_uid));
  }
  for (const std::string& file : files) {
    if (::fchownat(cgroup_fd, file.c_str(), host_uid, kKeepGroup, AT_SYMLINK_NOFOLLOW) == 0) {
      continue;
    }
    const int error = errno;
    if (error == ENOENT) continue;
    return errno_error("fchownat", fmt::format("chown `{}` to `{}`", file, host_uid), error);
  }
  return {};
}

Result<> give_ownership(int cgroup_fd, uid_t host_uid) {
  const std::optional<std::string> text = TRY(read_if_present(kDelegateList));
  return give_ownership(cgroup_fd, host_uid, delegated_files(text ? &*text : nullptr));
}

}  // namespace myrt::cgroups
