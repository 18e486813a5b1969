#include "namespaces/sysctl.h"

#include <algorithm>
#include <array>

#include "namespaces/pointers.h"

namespace myrt::namespaces {
namespace {

// A name that ends in "/" stands for everything below it.
struct SysctlRow {
  std::string_view name;
  oci::NamespaceType type;
};

constexpr std::array<SysctlRow, 17> kNamespacedSysctls = {{
    {"fs/mqueue/", oci::NamespaceType::ipc},
    {"kernel/auto_msgmni", oci::NamespaceType::ipc},
    {"kernel/msg_next_id", oci::NamespaceType::ipc},
    {"kernel/msgmax", oci::NamespaceType::ipc},
    {"kernel/msgmnb", oci::NamespaceType::ipc},
    {"kernel/msgmni", oci::NamespaceType::ipc},
    {"kernel/sem", oci::NamespaceType::ipc},
    {"kernel/sem_next_id", oci::NamespaceType::ipc},
    {"kernel/shm_next_id", oci::NamespaceType::ipc},
    {"kernel/shm_rmid_forced", oci::NamespaceType::ipc},
    {"kernel/shmall", oci::NamespaceType::ipc},
    {"kernel/shmmax", oci::NamespaceType::ipc},
    {"kernel/shmmni", oci::NamespaceType::ipc},
    {"kernel/domainname", oci::NamespaceType::uts},
    {"kernel/hostname", oci::NamespaceType::uts},
    {"net/", oci::NamespaceType::network},
    {"user/", oci::NamespaceType::user},
}};

bool covers(std::string_view name, std::string_view path) {
  if (!name.ends_with('/')) return name == path;
  return path.size() > name.size() && path.starts_with(name);
}

bool has_bad_component(std::string_view path) {
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string_view component = path.substr(0, slash);
    if (component.empty() || component == "." || component == "..") return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

std::optional<std::string> sysctl_path(std::string_view key) {
  std::string path(key);
  const std::size_t first = path.find_first_of("./");
  if (first != std::string::npos && path[first] == '.') {
    for (char& letter : path) {
      if (letter == '.') {
        letter = '/';
      } else if (letter == '/') {
        letter = '.';
      }
    }
  }
  if (path.find('\0') != std::string::npos || has_bad_component(path)) return std::nullopt;
  return path;
}

std::optional<oci::NamespaceType> sysctl_namespace(std::string_view path) {
  const auto* found =
      std::find_if(kNamespacedSysctls.begin(), kNamespacedSysctls.end(),
                   [path](const SysctlRow& candidate) { return covers(candidate.name, path); });
  if (found == kNamespacedSysctls.end()) return std::nullopt;
  return found->type;
}

Result<> write_sysctls(const sys::Procfs& procfs, const Plan& plan) {
  for (const Sysctl& sysctl : plan.sysctls) {
    Result<> written = procfs.write("sys/" + sysctl.path, sysctl.value);
    if (!written) {
      return std::move(written).at(pointer_to_key("/linux/sysctl", sysctl.key));
    }
  }
  return {};
}

}  // namespace myrt::namespaces
