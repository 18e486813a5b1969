#include "sys/credentials.h"

#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/sys/child.h"

namespace myrt::sys {
namespace {

TEST_CASE("the process switches are set", "[sys][credentials]") {
  const std::string text = test::run_in_child(0, [] {
    for (const Result<>& result : {set_no_new_privileges(), set_keep_capabilities(true),
                                   set_not_dumpable(), set_child_subreaper(true)}) {
      if (!result.ok()) return result.error().message;
    }
    int subreaper = 0;
    ::prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0UL, 0UL, 0UL);
    return fmt::format("{} {} {} {}", ::prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL),
                       ::prctl(PR_GET_KEEPCAPS, 0UL, 0UL, 0UL, 0UL),
                       ::prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL), subreaper);
  });

  CHECK(text == "1 1 0 1");
}

TEST_CASE("switches that can be, are taken back", "[sys][credentials]") {
  const std::string text = test::run_in_child(0, [] {
    for (const Result<>& result : {set_keep_capabilities(true), set_keep_capabilities(false),
                                   set_child_subreaper(true), set_child_subreaper(false)}) {
      if (!result.ok()) return result.error().message;
    }
    int subreaper = 1;
    ::prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0UL, 0UL, 0UL);
    return fmt::format("{} {}", ::prctl(PR_GET_KEEPCAPS, 0UL, 0UL, 0UL, 0UL), subreaper);
  });

  CHECK(text == "0 0");
}

// In a user namespace that maps nothing, no id but the own one exists.
TEST_CASE("ids that are not mapped are refused by number", "[sys][credentials]") {
  const std::string text = test::run_in_child(CLONE_NEWUSER, [] {
    const std::vector<gid_t> groups = {1, 2};
    return test::outcome(set_resgid(7)) + "; " + test::outcome(set_resuid(8)) + "; " +
           test::outcome(set_groups(groups));
  });
  if (text == test::kNoNamespaces) {
    WARN(text);
    return;
  }

  CHECK(text ==
        "set gid to `7`: invalid argument; set uid to `8`: invalid argument; "
        "set supplementary groups to `1,2`: operation not permitted");
}

TEST_CASE("real, effective and saved ids change together", "[sys][credentials]") {
  const std::string text = test::run_in_child(0, []() -> std::string {
    // Changing to the ids that one has is allowed to everybody.
    const uid_t uid = ::getuid() == 0 ? 12345 : ::getuid();
    const gid_t gid = ::getuid() == 0 ? 54321 : ::getgid();
    const std::vector<gid_t> groups = {5, 6};
    if (::getuid() == 0 && !set_groups(groups).ok()) return "groups";
    for (const Result<>& result : {set_resgid(gid), set_resuid(uid)}) {
      if (!result.ok()) return result.error().message;
    }
    uid_t real = 0, effective = 0, saved = 0;
    gid_t real_group = 0, effective_group = 0, saved_group = 0;
    ::getresuid(&real, &effective, &saved);
    ::getresgid(&real_group, &effective_group, &saved_group);
    const bool same_user = real == uid && effective == uid && saved == uid;
    const bool same_group = real_group == gid && effective_group == gid && saved_group == gid;
    return same_user && same_group ? "ok" : "different";
  });

  CHECK(text == "ok");
}

}  // namespace
}  // namespace myrt::sys
