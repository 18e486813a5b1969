#include <sys/prctl.h>
#include <time.h>

#include "tests/integration/namespaces_fixture.h"
#include "tests/support/catch.h"

namespace {

using namespace myrt;
using namespace myrt::namespaces;
using namespace myrt::test;

timespec clock_now(clockid_t clock) {
  timespec now = {};
  ::clock_gettime(clock, &now);
  return now;
}

std::string squeezed(std::string text) {
  std::string result;
  for (const char letter : text) {
    if (letter != ' ' || (!result.empty() && result.back() != ' ' && result.back() != '\n')) {
      result += letter;
    }
  }
  return result;
}

}  // namespace

TEST_CASE("root writes both maps, and init becomes root of its user namespace without groups",
          "[root][IDS-01][IDS-04]") {
  NEEDS_ROOT();
  expect_fine([] {
    const gid_t group = 4;
    FAIL_UNLESS_OK(sys::set_groups({&group, 1}));
    const Plan plan = new_user_plan({{0, 100000, 1000}, {1000, 300000, 1}}, {{0, 200000, 1000}});
    return in_new_user_namespace(plan, [&plan] {
      FAIL_UNLESS_OK(enter(procfs(), plan, {}));
      FAIL_UNLESS(::geteuid() == 0 && ::getegid() == 0 && ::getuid() == 0);
      FAIL_UNLESS(::getgroups(0, nullptr) == 0);
      const auto text = procfs().read("self/uid_map");
      FAIL_UNLESS_OK(text);
      FAIL_UNLESS(squeezed(*text) == "0 100000 1000\n1000 300000 1\n");
      return kFine;
    });
  });
}

TEST_CASE("ids stay as they are where nothing maps to 0", "[root][IDS-01]") {
  NEEDS_ROOT();
  expect_fine([] {
    const Plan plan = new_user_plan({{1000, 0, 1}}, {{1000, 0, 1}});
    return in_new_user_namespace(plan, [&plan] {
      FAIL_UNLESS_OK(enter(procfs(), plan, {}));
      FAIL_UNLESS(::geteuid() == 1000 && ::getegid() == 1000);
      return kFine;
    });
  });
}

TEST_CASE("an unprivileged runtime maps its own ids and denies setgroups",
          "[root][IDS-05][CVE-2014-8989]") {
  NEEDS_ROOT();
  expect_fine([] {
    constexpr uid_t kId = 54321;
    FAIL_UNLESS(become_unprivileged(kId));
    const Plan plan = new_user_plan({{0, kId, 1}}, {{0, kId, 1}});
    return in_new_user_namespace(plan, [&plan] {
      FAIL_UNLESS_OK(enter(procfs(), plan, {}));
      FAIL_UNLESS(::geteuid() == 0 && ::getegid() == 0);
      const auto text = procfs().read("self/setgroups");
      FAIL_UNLESS_OK(text);
      FAIL_UNLESS(*text == "deny\n");
      return kFine;
    });
  });
}

TEST_CASE("root's own maps leave setgroups allowed", "[root][IDS-05]") {
  NEEDS_ROOT();
  expect_fine([] {
    const Plan plan = new_user_plan({{0, 0, 1}}, {{0, 0, 1}});
    return in_new_user_namespace(plan, [] {
      const auto text = procfs().read("self/setgroups");
      FAIL_UNLESS_OK(text);
      FAIL_UNLESS(*text == "allow\n");
      return kFine;
    });
  });
}

TEST_CASE("maps of foreign ids go through newuidmap, and its words are in the error",
          "[root][IDS-01]") {
  NEEDS_ROOT();
  expect_fine([] {
    constexpr uid_t kId = 54321;  // nobody has given it any subordinate ids
    FAIL_UNLESS(become_unprivileged(kId));
    const Container container(CLONE_NEWUSER, {{0, kId, 1}});
    Plan plan = new_user_plan({{0, 100000, 65536}}, {{0, 100000, 65536}});
    const Result<> written = write_id_mappings(procfs(), container.pid(), plan);
    FAIL_UNLESS(!written.ok());
    FAIL_UNLESS(written.error().pointer == "/linux/uidMappings");
    const std::string& words = written.error().message;
    FAIL_UNLESS(words.find("run `/usr/bin/newuidmap`: exit code ") != std::string::npos);
    FAIL_UNLESS(words.back() != ' ' && words.back() != ':');
    return kFine;
  });
}

TEST_CASE("time offsets hold for init itself, in its user namespace too", "[root][TIM-01]") {
  NEEDS_ROOT();
  constexpr time_t kOffset = 1'000'000;
  for (const bool with_user_namespace : {false, true}) {
    expect_fine([with_user_namespace] {
      Plan plan;
      if (with_user_namespace) plan = new_user_plan({{0, 100000, 1}}, {{0, 100000, 1}});
      plan.new_flags |= CLONE_NEWTIME;
      plan.time_offsets = {{"boottime", {kOffset, 0}}, {"monotonic", {2 * kOffset, 5}}};
      const time_t boottime = clock_now(CLOCK_BOOTTIME).tv_sec;
      const time_t monotonic = clock_now(CLOCK_MONOTONIC).tv_sec;
      FAIL_UNLESS(::prctl(PR_SET_DUMPABLE, 0) == 0);
      return in_new_user_namespace(plan, [&plan, boottime, monotonic] {
        FAIL_UNLESS_OK(enter(procfs(), plan, {}));
        FAIL_UNLESS(clock_now(CLOCK_BOOTTIME).tv_sec - boottime >= kOffset);
        FAIL_UNLESS(clock_now(CLOCK_MONOTONIC).tv_sec - monotonic >= 2 * kOffset);
        const auto uptime = procfs().read("uptime");
        FAIL_UNLESS_OK(uptime);
        FAIL_UNLESS(std::stol(*uptime) - boottime >= kOffset);
        return kFine;
      });
    });
  }
}

TEST_CASE("refused time offsets point at their field", "[root][TIM-01]") {
  NEEDS_ROOT();
  expect_fine([] {
    Plan plan;
    plan.new_flags = CLONE_NEWTIME;
    plan.time_offsets = {{"realtime", {1, 0}}};
    const Result<> entered = enter(procfs(), plan, {});
    FAIL_UNLESS(!entered.ok() && entered.error().pointer == "/linux/timeOffsets");
    return kFine;
  });
}
