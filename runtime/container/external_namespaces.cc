#include "runtime/container/external_namespaces.h"

#include <array>

#include "namespaces/open_namespace.h"
#include "sys/files.h"

namespace myrt::container {
namespace {

using oci::NamespaceType;

// CRIU's words for a namespace: in "net[INODE]:KEY", and in join_ns.
struct Words {
  NamespaceType type;
  const char* name;
  const char* key;  // nullptr: it cannot be external
};
constexpr std::array kWords = {
    Words{NamespaceType::network, "net", "extRootNetNS"},
    Words{NamespaceType::pid, "pid", "extRootPidNS"},
    Words{NamespaceType::ipc, "ipc", nullptr},
    Words{NamespaceType::uts, "uts", nullptr},
    Words{NamespaceType::time, "time", nullptr},
};

const Words* words_for(NamespaceType type) {
  for (const Words& words : kWords) {
    if (words.type == type) return &words;
  }
  return nullptr;
}

void add_restored(NamespaceType type, int fd, criu::Options& options) {
  const Words* words = words_for(type);
  if (words == nullptr) return;  // refused when it was saved
  if (words->key != nullptr) {
    options.inherited_fds.push_back({words->key, fd});
  } else {
    options.joined_namespaces.push_back({words->name, sys::fd_path(fd)});
  }
}

}  // namespace

Result<> add_dumped_namespaces(const Blueprint& blueprint, pid_t pid, criu::Options& options) {
  const namespaces::Plan& plan = blueprint.plan.namespaces;
  for (const Words& words : kWords) {
    if (words.key == nullptr || !plan.joins_existing(words.type)) continue;
    const auto fd = TRY(namespaces::open_namespace(blueprint.procfs, pid, words.type));
    const auto inode = TRY(sys::stat_fd(fd.get())).st_ino;
    options.external.push_back(fmt::format("{}[{}]:{}", words.name, inode, words.key));
  }
  return {};
}

void add_restored_namespaces(const Blueprint& blueprint, const namespaces::OpenJoins& joins,
                             criu::Options& options) {
  const namespaces::Plan& plan = blueprint.plan.namespaces;
  if (joins.pid.valid()) add_restored(NamespaceType::pid, joins.pid.get(), options);
  for (std::size_t i = 0; i < plan.joins.size(); ++i) {
    add_restored(plan.joins[i].type, joins.others[i].get(), options);
  }
}

}  // namespace myrt::container
