#include "namespaces/enter.h"

#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace {

using myrt::namespaces::clone_flag;
using myrt::namespaces::Join;
using myrt::namespaces::open_joins;
using myrt::namespaces::open_namespace;
using myrt::namespaces::Plan;
using myrt::oci::NamespaceType;

myrt::sys::Procfs procfs() {
  auto opened = myrt::sys::Procfs::open();
  REQUIRE(opened.ok());
  return std::move(*opened);
}

Plan joining(NamespaceType type, const std::string& path, const std::string& private_for = {}) {
  Plan plan;
  plan.joined_flags = clone_flag(type);
  const Join join = {type, path, "/linux/namespaces/0/path", private_for};
  if (type == NamespaceType::user) {
    plan.joined_user = join;
  } else if (type == NamespaceType::pid) {
    plan.joined_pid = join;
  } else {
    plan.joins = {join};
  }
  return plan;
}

}  // namespace

TEST_CASE("every join is opened where the plan has it", "[namespaces][NSP-04]") {
  Plan plan = joining(NamespaceType::network, "/proc/self/ns/net");
  plan.joined_pid = Join{NamespaceType::pid, "/proc/self/ns/pid", "/linux/namespaces/1/path", {}};

  const auto opened = open_joins(procfs(), plan);

  REQUIRE(opened.ok());
  CHECK_FALSE(opened->user.valid());
  CHECK(myrt::namespaces::namespace_flag(opened->pid.get()) == clone_flag(NamespaceType::pid));
  REQUIRE(opened->others.size() == 1);
  CHECK(myrt::namespaces::namespace_flag(opened->others[0].get()) ==
        clone_flag(NamespaceType::network));
}

TEST_CASE("a path to a namespace of another type is refused", "[namespaces][NSP-05]") {
  const auto opened = open_joins(procfs(), joining(NamespaceType::network, "/proc/self/ns/ipc"));

  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == myrt::ErrorCode::invalid_config);
  CHECK(opened.error().pointer == "/linux/namespaces/0/path");
  CHECK_THAT(opened.error().message, Catch::Contains("expected a namespace of type network") &&
                                         Catch::Contains("is of type ipc"));
}

TEST_CASE("a path that is no namespace is refused", "[namespaces][NSP-05]") {
  const myrt::test::TempDir directory;
  for (const std::string& path : {directory.write("file", "x"), directory.path(),
                                  std::string("/dev/null"), std::string("/proc/self/status")}) {
    const auto opened = open_joins(procfs(), joining(NamespaceType::pid, path));
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == myrt::ErrorCode::invalid_config);
    CHECK(opened.error().pointer == "/linux/namespaces/0/path");
    CHECK_THAT(opened.error().message, Catch::Contains("is not a namespace"));
  }
}

TEST_CASE("a missing path is refused with its pointer", "[namespaces][NSP-04]") {
  const auto opened = open_joins(procfs(), joining(NamespaceType::uts, "/nowhere/ns"));

  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().errno_value == ENOENT);
  CHECK(opened.error().pointer == "/linux/namespaces/0/path");
}

TEST_CASE("a join that must be private may not lead to the host's namespace",
          "[namespaces][SYS-02][NET-03][HST-01]") {
  const auto opened =
      open_joins(procfs(), joining(NamespaceType::uts, "/proc/self/ns/uts", "/hostname"));

  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == myrt::ErrorCode::invalid_config);
  CHECK(opened.error().pointer == "/hostname");
}

TEST_CASE("the runtime's own user namespace cannot be joined", "[namespaces][NSP-09]") {
  const auto opened = open_joins(procfs(), joining(NamespaceType::user, "/proc/self/ns/user"));

  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().pointer == "/linux/namespaces/0/path");
  CHECK_THAT(opened.error().message, Catch::Contains("own user namespace"));
}

TEST_CASE("a namespace of a process is opened and checked", "[namespaces]") {
  const auto opened = open_namespace(procfs(), ::getpid(), NamespaceType::mount);
  REQUIRE(opened.ok());
  CHECK(myrt::namespaces::namespace_flag(opened->get()) == clone_flag(NamespaceType::mount));

  CHECK_FALSE(open_namespace(procfs(), 0, NamespaceType::mount).ok());
  CHECK_FALSE(
      myrt::namespaces::open_namespace_link(procfs(), "self", "net", clone_flag(NamespaceType::ipc))
          .ok());
}
