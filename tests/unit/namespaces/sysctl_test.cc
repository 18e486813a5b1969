#include "namespaces/sysctl.h"

#include "tests/support/catch.h"

using myrt::namespaces::sysctl_namespace;
using myrt::namespaces::sysctl_path;
using myrt::oci::NamespaceType;

TEST_CASE("the first separator of a sysctl decides what separates", "[namespaces][SYS-01]") {
  struct Row {
    const char* key;
    const char* path;
  };
  const Row rows[] = {
      {"net.ipv4.ip_forward", "net/ipv4/ip_forward"},
      {"net/ipv4/ip_forward", "net/ipv4/ip_forward"},
      {"net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"},
      {"net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"},
      {"kernel", "kernel"},
  };
  for (const Row& row : rows) {
    INFO(row.key);
    CHECK(sysctl_path(row.key) == std::string(row.path));
  }
}

TEST_CASE("a sysctl with an unusable component has no path", "[namespaces][SYS-02]") {
  for (const std::string_view key :
       {std::string_view(""), std::string_view("."), std::string_view(".."),
        std::string_view("a/../b"), std::string_view("a.//.b"), std::string_view("a..b"),
        std::string_view("/a"), std::string_view("a/"), std::string_view("a\0b", 3)}) {
    INFO(key);
    CHECK_FALSE(sysctl_path(key));
  }
}

TEST_CASE("only namespaced sysctls have a namespace", "[namespaces][SYS-02]") {
  for (const char* path :
       {"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmall",
        "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced", "fs/mqueue/queues_max"}) {
    INFO(path);
    CHECK(sysctl_namespace(path) == NamespaceType::ipc);
  }
  CHECK(sysctl_namespace("net/core/somaxconn") == NamespaceType::network);
  CHECK(sysctl_namespace("kernel/domainname") == NamespaceType::uts);
  CHECK(sysctl_namespace("user/max_net_namespaces") == NamespaceType::user);
  for (const char* path :
       {"net", "net/", "netx/y", "kernel/shmmaxx", "kernel/shm", "kernel/msgmax/x", "kernel/panic",
        "fs/mqueue", "fs/nr_open", "vm/overcommit_memory", ""}) {
    INFO(path);
    CHECK_FALSE(sysctl_namespace(path));
  }
}
