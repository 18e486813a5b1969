#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#include "namespaces/sysctl.h"
#include "namespaces/uts.h"
#include "tests/integration/namespaces_fixture.h"
#include "tests/support/catch.h"

namespace {

using namespace myrt;
using namespace myrt::namespaces;
using namespace myrt::test;
using oci::NamespaceType;

}  // namespace

TEST_CASE("names and sysctls reach the container's namespaces and not the host's",
          "[root][HST-01][HST-02][SYS-01][SYS-03]") {
  NEEDS_ROOT();
  struct utsname before = {};
  ::uname(&before);
  const auto host_value = procfs().read("sys/net/core/somaxconn");
  REQUIRE(host_value.ok());
  expect_fine([] {
    FAIL_UNLESS(::unshare(CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC) == 0);
    FAIL_UNLESS_OK(set_hostname("web"));
    FAIL_UNLESS_OK(set_domainname("example"));
    struct utsname names = {};
    ::uname(&names);
    FAIL_UNLESS(std::string(names.nodename) == "web");
    FAIL_UNLESS(std::string(names.domainname) == "example");
    Plan plan;
    plan.sysctls = {{"net.core.somaxconn", "net/core/somaxconn", "77"},
                    {"kernel.msgmax", "kernel/msgmax", "9999"}};
    FAIL_UNLESS_OK(write_sysctls(procfs(), plan));
    FAIL_UNLESS(*procfs().read("sys/net/core/somaxconn") == "77\n");
    FAIL_UNLESS(*procfs().read("sys/kernel/msgmax") == "9999\n");

    plan.sysctls = {{"net/no.such", "net/no.such", "1"}};
    const Result<> written = write_sysctls(procfs(), plan);
    FAIL_UNLESS(!written.ok());
    FAIL_UNLESS(written.error().pointer == "/linux/sysctl/net~1no.such");
    FAIL_UNLESS(!set_hostname(std::string(65, 'x')).ok());
    return kFine;
  });
  struct utsname after = {};
  ::uname(&after);
  CHECK(std::string(after.nodename) == before.nodename);
  CHECK(*procfs().read("sys/net/core/somaxconn") == *host_value);
}

TEST_CASE("children start in a joined pid namespace until the guard leaves", "[root][NSP-08]") {
  NEEDS_ROOT();
  expect_fine([] {
    const Container container(CLONE_NEWPID, {});
    FAIL_UNLESS(container.usable());
    const auto fd = open_namespace(procfs(), container.pid(), NamespaceType::pid);
    FAIL_UNLESS_OK(fd);
    const auto own = [] { return link_text("/proc/self/ns/pid"); };
    {
      auto guard = PidNamespaceForChildren::enter(procfs(), fd->get());
      FAIL_UNLESS_OK(guard);
      FAIL_UNLESS(in_clone(0, [] { return std::to_string(::getpid()); }) == "2");
      FAIL_UNLESS_OK(guard->leave());
      FAIL_UNLESS(in_clone(0, own) == own());
    }
    {
      const auto guard = PidNamespaceForChildren::enter(procfs(), fd->get());
      FAIL_UNLESS_OK(guard);
    }
    FAIL_UNLESS(in_clone(0, own) == own());
    return kFine;
  });
}

namespace {

// A pod: namespaces in a user namespace of their own. A helper joins them, and what clone3 then
// makes belongs to that user namespace.
std::string joins_a_pod(uid_t runtime_id, const std::vector<oci::IdMapping>& ids) {
  if (runtime_id != 0) FAIL_UNLESS(become_unprivileged(runtime_id));
  const Container pod(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWPID, ids);
  FAIL_UNLESS(pod.usable());
  Plan plan;
  plan.joined_user = join_of(NamespaceType::user, pod.path("user"));
  plan.joined_pid = join_of(NamespaceType::pid, pod.path("pid"));
  plan.joins = {join_of(NamespaceType::uts, pod.path("uts")),
                join_of(NamespaceType::network, pod.path("net"))};
  plan.joined_flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNET;
  plan.new_flags = plan.clone_flags = CLONE_NEWNS | CLONE_NEWIPC;
  FAIL_UNLESS(plan.needs_helper());
  const auto joins = open_joins(procfs(), plan);
  FAIL_UNLESS_OK(joins);
  const std::string net = link_text(pod.path("net"));
  const std::string uts = link_text(pod.path("uts"));
  const auto pod_user = sys::stat_fd(joins->user.get());
  FAIL_UNLESS_OK(pod_user);

  return in_clone(0, [&] {
    FAIL_UNLESS_OK(enter_in_helper(plan, *joins));
    return in_clone(plan.clone_flags, [&] {
      FAIL_UNLESS_OK(enter(procfs(), plan, *joins));
      FAIL_UNLESS(::geteuid() == 0 && ::getegid() == 0);
      FAIL_UNLESS(::getpid() == 2);
      // By the pod's own procfs, which its pid namespace can read.
      const auto own_net = open_own_namespace(procfs(), NamespaceType::network);
      FAIL_UNLESS_OK(own_net);
      const auto own_ipc = open_own_namespace(procfs(), NamespaceType::ipc);
      FAIL_UNLESS_OK(own_ipc);
      const sys::UniqueFd owner(::ioctl(own_ipc->get(), NS_GET_USERNS));
      FAIL_UNLESS(owner.valid());
      const auto owner_status = sys::stat_fd(owner.get());
      FAIL_UNLESS_OK(owner_status);
      FAIL_UNLESS(owner_status->st_ino == pod_user->st_ino);
      const auto net_status = sys::stat_fd(own_net->get());
      FAIL_UNLESS_OK(net_status);
      FAIL_UNLESS(net == "net:[" + std::to_string(net_status->st_ino) + "]");
      const auto own_uts = open_own_namespace(procfs(), NamespaceType::uts);
      FAIL_UNLESS_OK(own_uts);
      const auto uts_status = sys::stat_fd(own_uts->get());
      FAIL_UNLESS_OK(uts_status);
      FAIL_UNLESS(uts == "uts:[" + std::to_string(uts_status->st_ino) + "]");
      return kFine;
    });
  });
}

}  // namespace

TEST_CASE("root joins a user namespace and what belongs to it", "[root][NSP-04][NSP-09]") {
  NEEDS_ROOT();
  expect_fine([] { return joins_a_pod(0, {{0, 100000, 1000}}); });
}

TEST_CASE("an unprivileged owner joins its user namespace before the rest",
          "[root][NSP-04][NSP-09]") {
  NEEDS_ROOT();
  expect_fine([] { return joins_a_pod(54321, {{0, 54321, 1}}); });
}

TEST_CASE("a new user namespace takes a network namespace of the host along", "[root][NSP-04]") {
  NEEDS_ROOT();
  expect_fine([] {
    const Container other(CLONE_NEWNET, {});
    FAIL_UNLESS(other.usable());
    Plan plan = new_user_plan({{0, 100000, 1}}, {{0, 100000, 1}});
    plan.clone_flags |= CLONE_NEWPID;
    plan.new_flags |= CLONE_NEWPID;
    plan.joins = {join_of(NamespaceType::network, other.path("net"))};
    plan.joined_flags = CLONE_NEWNET;
    FAIL_UNLESS(plan.needs_helper());
    const auto joins = open_joins(procfs(), plan);
    FAIL_UNLESS_OK(joins);
    const std::string net = link_text(other.path("net"));
    return in_clone(0, [&] {
      FAIL_UNLESS_OK(enter_in_helper(plan, *joins));
      return in_new_user_namespace(plan, [&] {
        FAIL_UNLESS_OK(enter(procfs(), plan, *joins));
        FAIL_UNLESS(::geteuid() == 0 && ::getpid() == 1);
        FAIL_UNLESS(link_text("/proc/self/ns/net") == net);
        return kFine;
      });
    });
  });
}

TEST_CASE("without a user namespace init joins by itself and makes its cgroup namespace",
          "[root][NSP-04][NSP-10]") {
  NEEDS_ROOT();
  expect_fine([] {
    const Container other(CLONE_NEWIPC | CLONE_NEWNS, {});
    FAIL_UNLESS(other.usable());
    Plan plan;
    plan.joins = {join_of(NamespaceType::ipc, other.path("ipc")),
                  join_of(NamespaceType::mount, other.path("mnt"))};
    plan.joined_flags = CLONE_NEWIPC | CLONE_NEWNS;
    plan.new_flags = CLONE_NEWCGROUP;
    const auto joins = open_joins(procfs(), plan);
    FAIL_UNLESS_OK(joins);
    const std::string cgroup = link_text("/proc/self/ns/cgroup");
    FAIL_UNLESS_OK(enter(procfs(), plan, *joins));
    FAIL_UNLESS(link_text("/proc/self/ns/ipc") == link_text(other.path("ipc")));
    FAIL_UNLESS(link_text("/proc/self/ns/mnt") == link_text(other.path("mnt")));
    FAIL_UNLESS(link_text("/proc/self/ns/cgroup") != cgroup);
    return kFine;
  });
}

TEST_CASE("exec enters all of a container's namespaces at once, or none", "[root][NSP-04]") {
  NEEDS_ROOT();
  expect_fine([] {
    const std::uint64_t flags = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWPID;
    const Container container(flags, {{0, 100000, 1}});
    FAIL_UNLESS(container.usable());
    const std::string net = link_text(container.path("net"));
    const std::string own = link_text("/proc/self/ns/net");
    FAIL_UNLESS(!join_container(container.pidfd(), flags | CLONE_FILES).ok());
    FAIL_UNLESS(link_text("/proc/self/ns/net") == own);
    FAIL_UNLESS_OK(join_container(container.pidfd(), flags));
    FAIL_UNLESS(link_text("/proc/self/ns/net") == net);
    return in_clone(0, [] {
      FAIL_UNLESS(::getpid() == 2);
      return kFine;
    });
  });
}
