#include "namespaces/namespace_type.h"

#include <sched.h>

#include "tests/support/catch.h"

using myrt::oci::NamespaceType;

TEST_CASE("each namespace type has the spec's word, the kernel's flag and its file in procfs",
          "[namespaces][NSP-01][NSP-02]") {
  struct Row {
    NamespaceType type;
    const char* word;
    std::uint64_t flag;
    const char* file;
  };
  const Row rows[] = {
      {NamespaceType::pid, "pid", CLONE_NEWPID, "pid"},
      {NamespaceType::network, "network", CLONE_NEWNET, "net"},
      {NamespaceType::mount, "mount", CLONE_NEWNS, "mnt"},
      {NamespaceType::ipc, "ipc", CLONE_NEWIPC, "ipc"},
      {NamespaceType::uts, "uts", CLONE_NEWUTS, "uts"},
      {NamespaceType::user, "user", CLONE_NEWUSER, "user"},
      {NamespaceType::cgroup, "cgroup", CLONE_NEWCGROUP, "cgroup"},
      {NamespaceType::time, "time", 0x80, "time"},
  };
  for (const Row& row : rows) {
    CHECK(myrt::namespaces::to_string(row.type) == row.word);
    CHECK(myrt::namespaces::clone_flag(row.type) == row.flag);
    CHECK(myrt::namespaces::proc_name(row.type) == row.file);
    CHECK(myrt::namespaces::type_of_flag(row.flag) == row.type);
  }
  CHECK_FALSE(myrt::namespaces::type_of_flag(0));
  CHECK_FALSE(myrt::namespaces::type_of_flag(CLONE_NEWPID | CLONE_NEWNS));
  CHECK_FALSE(myrt::namespaces::type_of_flag(CLONE_FILES));
}
