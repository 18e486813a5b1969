#include "namespaces/plan.h"

#include <sched.h>

#include "tests/support/catch.h"

namespace {

using myrt::namespaces::Plan;
using myrt::namespaces::plan;
using myrt::oci::Namespace;
using myrt::oci::NamespaceType;
using myrt::oci::Spec;

constexpr NamespaceType kAllTypes[] = {
    NamespaceType::pid, NamespaceType::network, NamespaceType::mount,  NamespaceType::ipc,
    NamespaceType::uts, NamespaceType::user,    NamespaceType::cgroup, NamespaceType::time};

Spec spec_with(std::vector<Namespace> namespaces) {
  Spec spec;
  spec.linux.emplace().namespaces = std::move(namespaces);
  return spec;
}

Spec with_mappings(Spec spec) {
  spec.linux->uid_mappings = {{0, 100000, 65536}};
  spec.linux->gid_mappings = {{0, 200000, 65536}};
  return spec;
}

Plan planned(const Spec& spec) {
  myrt::Result<Plan> result = plan(spec);
  INFO((result.ok() ? std::string() : result.error().message));
  REQUIRE(result.ok());
  return *result;
}

void refused(const Spec& spec, const std::string& pointer, const std::string& words) {
  const myrt::Result<Plan> result = plan(spec);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().code == myrt::ErrorCode::invalid_config);
  CHECK(result.error().pointer == pointer);
  CHECK_THAT(result.error().message, Catch::Contains(words));
}

}  // namespace

TEST_CASE("a namespace without a path is a new one of that type", "[namespaces][NSP-01][NSP-03]") {
  for (const NamespaceType type : kAllTypes) {
    const Plan result = planned(with_mappings(spec_with({{NamespaceType::user, ""}})));
    CHECK(result.is_new(NamespaceType::user));

    Spec spec = spec_with({{type, ""}});
    if (type == NamespaceType::user) spec = with_mappings(spec);
    const Plan single = planned(spec);
    for (const NamespaceType other : kAllTypes) {
      CHECK(single.is_new(other) == (other == type));
      CHECK(single.is_private(other) == (other == type));
      CHECK_FALSE(single.joins_existing(other));
    }
  }
}

TEST_CASE("a type that is not listed is inherited", "[namespaces][NSP-06][CFG-09]") {
  CHECK(planned(spec_with({})) == Plan());
  CHECK(planned(Spec()) == Plan());
}

TEST_CASE("init itself makes its cgroup and time namespaces and a mapped ipc namespace",
          "[namespaces][NSP-02][NSP-10][TIM-01]") {
  std::vector<Namespace> all;
  for (const NamespaceType type : kAllTypes) all.push_back({type, ""});

  const Plan result = planned(with_mappings(spec_with(all)));

  CHECK(result.clone_flags ==
        (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWUSER));
  CHECK(result.new_flags == (result.clone_flags | CLONE_NEWCGROUP | CLONE_NEWTIME | CLONE_NEWIPC));
}

TEST_CASE("joins are ordered with mount last, and user and pid are kept apart",
          "[namespaces][NSP-04][NSP-08][NSP-09]") {
  std::vector<Namespace> all;
  for (const NamespaceType type : kAllTypes) all.push_back({type, "/ns"});

  const Plan result = planned(spec_with(all));

  REQUIRE(result.joined_user);
  CHECK(result.joined_user->pointer == "/linux/namespaces/5/path");
  REQUIRE(result.joined_pid);
  CHECK(result.joined_pid->pointer == "/linux/namespaces/0/path");
  std::vector<NamespaceType> order;
  for (const auto& join : result.joins) order.push_back(join.type);
  CHECK(order == std::vector<NamespaceType>{NamespaceType::ipc, NamespaceType::uts,
                                            NamespaceType::network, NamespaceType::cgroup,
                                            NamespaceType::time, NamespaceType::mount});
  CHECK(result.clone_flags == 0);
  CHECK_FALSE(result.loopback);
}

TEST_CASE("the same type twice is refused", "[namespaces][NSP-07]") {
  refused(spec_with({{NamespaceType::ipc, ""}, {NamespaceType::ipc, "/ns"}}),
          "/linux/namespaces/1/type", "`ipc` is listed twice");
}

TEST_CASE("a helper clones init when a user namespace meets a join", "[namespaces][NSP-09]") {
  struct Row {
    std::vector<Namespace> namespaces;
    bool needs_helper;
  };
  const Namespace new_user = {NamespaceType::user, ""};
  const Namespace old_user = {NamespaceType::user, "/ns/user"};
  const Namespace new_pid = {NamespaceType::pid, ""};
  const Namespace old_pid = {NamespaceType::pid, "/ns/pid"};
  const Namespace old_net = {NamespaceType::network, "/ns/net"};
  const Row rows[] = {
      {{}, false},
      {{new_pid}, false},
      {{old_pid}, false},
      {{old_net}, false},
      {{old_net, new_pid}, false},
      {{new_user}, false},
      {{new_user, new_pid}, false},
      {{new_user, old_pid}, false},
      {{new_user, old_net}, true},
      {{old_user}, true},
      {{old_user, new_pid}, true},
      {{old_user, old_pid}, true},
      {{old_user, old_net, new_pid}, true},
  };
  for (const Row& row : rows) {
    Spec spec = spec_with(row.namespaces);
    if (!row.namespaces.empty() && row.namespaces[0] == new_user) spec = with_mappings(spec);
    const Plan result = planned(spec);
    INFO(to_string(result));
    CHECK(result.needs_helper() == row.needs_helper);
  }
}

TEST_CASE("id mappings need a user namespace", "[namespaces][IDS-02]") {
  Spec spec = spec_with({{NamespaceType::pid, ""}});
  spec.linux->uid_mappings = {{0, 1000, 1}};
  refused(spec, "/linux/uidMappings", "needs a private user namespace");

  spec.linux->uid_mappings.clear();
  spec.linux->gid_mappings = {{0, 1000, 1}};
  refused(spec, "/linux/gidMappings", "needs a private user namespace");
}

TEST_CASE("a new user namespace needs both mappings", "[namespaces][IDS-01]") {
  Spec spec = spec_with({{NamespaceType::user, ""}});
  refused(spec, "/linux/uidMappings", "is required");
  spec.linux->uid_mappings = {{0, 1000, 1}};
  refused(spec, "/linux/gidMappings", "is required");
  spec.linux->gid_mappings = {{0, 1001, 1}};

  const Plan result = planned(spec);

  CHECK(result.uid_mappings == spec.linux->uid_mappings);
  CHECK(result.gid_mappings == spec.linux->gid_mappings);
}

TEST_CASE("mappings beside a joined user namespace are never written", "[namespaces][NSP-09]") {
  const Plan result = planned(with_mappings(spec_with({{NamespaceType::user, "/ns/user"}})));

  CHECK(result.uid_mappings.empty());
  CHECK(result.gid_mappings.empty());
}

TEST_CASE("time offsets need a new time namespace", "[namespaces][TIM-03]") {
  for (const std::vector<Namespace>& namespaces :
       {std::vector<Namespace>{}, {{NamespaceType::time, "/ns/time"}}}) {
    Spec spec = spec_with(namespaces);
    spec.linux->time_offsets["monotonic"] = {5, 0};
    refused(spec, "/linux/timeOffsets", "needs a new time namespace");
  }
  Spec spec = spec_with({{NamespaceType::time, ""}});
  spec.linux->time_offsets["boottime"] = {-7, 999'999'999};
  CHECK(planned(spec).time_offsets == spec.linux->time_offsets);
}

TEST_CASE("a time offset of a second in nanoseconds is refused", "[namespaces][TIM-01]") {
  Spec spec = spec_with({{NamespaceType::time, ""}});
  spec.linux->time_offsets["boottime"] = {1, 1'000'000'000};
  refused(spec, "/linux/timeOffsets/boottime/nanosecs", "1000000000");
}

TEST_CASE("a host name needs a private uts namespace", "[namespaces][HST-01][HST-02]") {
  Spec spec = spec_with({});
  spec.hostname = "web";
  refused(spec, "/hostname", "needs a private uts namespace");
  spec.hostname.clear();
  spec.domainname = "example";
  refused(spec, "/domainname", "needs a private uts namespace");

  spec.hostname = "web";
  spec.linux->namespaces = {{NamespaceType::uts, ""}};
  CHECK(planned(spec).hostname == "web");
  CHECK(planned(spec).domainname == "example");

  spec.linux.reset();
  refused(spec, "/hostname", "needs a private uts namespace");
}

TEST_CASE("a joined namespace that gets changed is marked to be other than the host's",
          "[namespaces][HST-01][SYS-02][NET-03]") {
  Spec spec = spec_with({{NamespaceType::uts, "/ns/uts"},
                         {NamespaceType::network, "/ns/net"},
                         {NamespaceType::ipc, "/ns/ipc"}});
  spec.hostname = "web";
  spec.linux->sysctl["net.ipv4.ip_forward"] = "1";
  spec.linux->net_devices["eth1"] = {};

  const Plan result = planned(spec);

  REQUIRE(result.joins.size() == 3);
  CHECK(result.joins[0].private_for.empty());
  CHECK(result.joins[1].private_for == "/hostname");
  CHECK(result.joins[2].private_for == "/linux/sysctl/net.ipv4.ip_forward");
}

TEST_CASE("a sysctl is refused unless its namespace is private", "[namespaces][SYS-02]") {
  struct Row {
    const char* key;
    NamespaceType needs;
  };
  const Row rows[] = {
      {"kernel.shmmax", NamespaceType::ipc},     {"kernel/sem", NamespaceType::ipc},
      {"fs.mqueue.msg_max", NamespaceType::ipc}, {"net.ipv4.ip_forward", NamespaceType::network},
      {"kernel.domainname", NamespaceType::uts}, {"user.max_user_namespaces", NamespaceType::user},
  };
  for (const Row& row : rows) {
    INFO(row.key);
    const std::string pointer = row.key == std::string("kernel/sem")
                                    ? "/linux/sysctl/kernel~1sem"
                                    : std::string("/linux/sysctl/") + row.key;
    for (const NamespaceType type : kAllTypes) {
      Spec spec = spec_with({{type, ""}});
      if (type == NamespaceType::user) spec = with_mappings(spec);
      spec.linux->sysctl[row.key] = "1";
      if (type == row.needs) {
        CHECK(planned(spec).sysctls.size() == 1);
      } else {
        refused(spec, pointer,
                "needs a private " + std::string(myrt::namespaces::to_string(row.needs)));
      }
    }
  }
}

TEST_CASE("sysctls of the whole host are refused whatever is private", "[namespaces][SYS-02]") {
  std::vector<Namespace> all;
  for (const NamespaceType type : kAllTypes) all.push_back({type, ""});
  for (const char* key : {"kernel.core_pattern", "vm.swappiness", "fs.file-max", "kernel.pid_max",
                          "kernel.msgmaxx", "network.x", "fs.mqueue", "net"}) {
    INFO(key);
    Spec spec = with_mappings(spec_with(all));
    spec.linux->sysctl[key] = "1";
    refused(spec, std::string("/linux/sysctl/") + key, "not namespaced");
  }
}

TEST_CASE("a sysctl key cannot lead out of its directory", "[namespaces][SYS-02][CVE-2025-52881]") {
  for (const char* key :
       {"net/../kernel/core_pattern", "net/ipv4/../../kernel/core_pattern",
        "net.//.kernel.core_pattern", "net..ipv4", "net/./x", "net/", "net.", "", "/net/x"}) {
    INFO(key);
    Spec spec = spec_with({{NamespaceType::network, ""}});
    spec.linux->sysctl[key] = "1";
    const auto result = plan(spec);
    REQUIRE_FALSE(result.ok());
    CHECK_THAT(result.error().message, Catch::Contains("is not the name of a sysctl"));
  }
}

TEST_CASE("a sysctl does not compete with a field of its own", "[namespaces][SYS-02]") {
  Spec spec = spec_with({{NamespaceType::uts, ""}});
  spec.linux->sysctl["kernel.hostname"] = "web";
  refused(spec, "/linux/sysctl/kernel.hostname", "is set by `hostname`");

  spec.linux->sysctl.clear();
  spec.linux->sysctl["kernel.domainname"] = "example";
  CHECK(planned(spec).sysctls.size() == 1);
  spec.domainname = "example";
  refused(spec, "/linux/sysctl/kernel.domainname", "is set by `domainname`");
}

TEST_CASE("one sysctl in both spellings is refused", "[namespaces][SYS-01]") {
  Spec spec = spec_with({{NamespaceType::network, ""}});
  spec.linux->sysctl["net.core.somaxconn"] = "1";
  spec.linux->sysctl["net/core/somaxconn"] = "2";
  refused(spec, "/linux/sysctl/net~1core~1somaxconn", "is set twice");
}

TEST_CASE("network devices need a private network namespace", "[namespaces][NET-03]") {
  Spec spec = spec_with({});
  spec.linux->net_devices["eth1"] = {"eth0"};
  refused(spec, "/linux/netDevices/eth1", "needs a private network namespace");
}

TEST_CASE("impossible device names are refused", "[namespaces][NET-03][NET-05]") {
  for (const char* name :
       {"sixteen-letters-", "a/b", "a b", "a:b", ".", "..", "%d%d", "eth%s", "%dx", "eth%"}) {
    INFO(name);
    Spec spec = spec_with({{NamespaceType::network, ""}});
    spec.linux->net_devices["eth1"] = {name};
    const auto result = plan(spec);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().pointer == "/linux/netDevices/eth1/name");
  }
  for (const char* name : {"eth%d", "%d", "", "fifteen-letters", "eth0.100"}) {
    INFO(name);
    Spec spec = spec_with({{NamespaceType::network, ""}});
    spec.linux->net_devices["eth1"] = {name};
    CHECK(planned(spec).net_devices.size() == 1);
  }
  Spec spec = spec_with({{NamespaceType::network, ""}});
  spec.linux->net_devices["eth%d"] = {};
  refused(spec, "/linux/netDevices/eth%d", "%");
}

TEST_CASE("two devices cannot get one name, but may share a template",
          "[namespaces][NET-02][NET-04][NET-05]") {
  Spec spec = spec_with({{NamespaceType::network, ""}});
  spec.linux->net_devices["eth1"] = {"eth2"};
  spec.linux->net_devices["eth2"] = {};
  refused(spec, "/linux/netDevices/eth2/name", "`eth2` is given to two devices");

  spec.linux->net_devices["eth1"] = {"eth%d"};
  spec.linux->net_devices["eth2"] = {"eth%d"};
  CHECK(planned(spec).net_devices.size() == 2);
}

TEST_CASE("exec joins what differs from the runtime's namespaces", "[namespaces][NSP-04]") {
  const Plan result =
      planned(spec_with({{NamespaceType::mount, ""}, {NamespaceType::network, "/ns/net"}}));

  CHECK(joinable_flags(result) == (CLONE_NEWNS | CLONE_NEWNET));
}

TEST_CASE("a plan reads as one fact per line", "[namespaces]") {
  Spec spec = with_mappings(spec_with({{NamespaceType::pid, ""},
                                       {NamespaceType::network, "/run/netns/web"},
                                       {NamespaceType::user, ""},
                                       {NamespaceType::uts, ""},
                                       {NamespaceType::time, ""},
                                       {NamespaceType::cgroup, ""}}));
  spec.hostname = "web";
  spec.domainname = "example";
  spec.linux->time_offsets["monotonic"] = {-3, 5};
  spec.linux->sysctl["net.ipv4.ip_unprivileged_port_start"] = "0";
  spec.linux->net_devices["ens4"] = {"eth%d"};
  spec.linux->net_devices["ens5"] = {};

  CHECK(to_string(planned(spec)) ==
        "new time cgroup uts user pid\n"
        "clone uts user pid\n"
        "join network `/run/netns/web` private for "
        "/linux/sysctl/net.ipv4.ip_unprivileged_port_start\n"
        "clone through a helper\n"
        "uid map 0 100000 65536\n"
        "gid map 0 200000 65536\n"
        "time offset monotonic -3 5\n"
        "hostname `web`\n"
        "domainname `example`\n"
        "sysctl net/ipv4/ip_unprivileged_port_start = `0`\n"
        "net device ens4 as eth%d\n"
        "net device ens5 as ens5\n");
  CHECK(to_string(planned(spec_with({{NamespaceType::network, ""}}))) ==
        "new network\nclone network\nloopback up\n");
  CHECK(to_string(Plan()).empty());
}
