#include "namespaces/namespace_type.h"

#include <sched.h>

#include <algorithm>
#include <array>

namespace myrt::namespaces {
namespace {

struct TypeRow {
  oci::NamespaceType type;
  std::uint64_t flag;
  std::string_view word;
  std::string_view proc_name;
};

// In the order of the enumerators, so that a lookup by type is an index.
constexpr std::array<TypeRow, 8> kTypes = {{
    {oci::NamespaceType::pid, CLONE_NEWPID, "pid", "pid"},
    {oci::NamespaceType::network, CLONE_NEWNET, "network", "net"},
    {oci::NamespaceType::mount, CLONE_NEWNS, "mount", "mnt"},
    {oci::NamespaceType::ipc, CLONE_NEWIPC, "ipc", "ipc"},
    {oci::NamespaceType::uts, CLONE_NEWUTS, "uts", "uts"},
    {oci::NamespaceType::user, CLONE_NEWUSER, "user", "user"},
    {oci::NamespaceType::cgroup, CLONE_NEWCGROUP, "cgroup", "cgroup"},
    {oci::NamespaceType::time, CLONE_NEWTIME, "time", "time"},
}};

constexpr bool in_enumerator_order() {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (static_cast<std::size_t>(kTypes[i].type) != i) return false;
  }
  return true;
}
static_assert(in_enumerator_order());

const TypeRow& row(oci::NamespaceType type) { return kTypes[static_cast<std::size_t>(type)]; }

}  // namespace

std::string_view to_string(oci::NamespaceType type) { return row(type).word; }
std::uint64_t clone_flag(oci::NamespaceType type) { return row(type).flag; }
std::string_view proc_name(oci::NamespaceType type) { return row(type).proc_name; }

std::optional<oci::NamespaceType> type_of_flag(std::uint64_t flag) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(), [flag](const TypeRow& candidate) {
    return candidate.flag == flag;
  });
  if (found == kTypes.end()) return std::nullopt;
  return found->type;
}

}  // namespace myrt::namespaces
