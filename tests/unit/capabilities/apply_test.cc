// Real sets in a child process. Without root only what needs no privilege is tested.
#include "capabilities/apply.h"

#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>

#include "tests/support/catch.h"

namespace myrt::capabilities {
namespace {

int in_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

Set status_field(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1), nullptr, 16);
  }
  return ~Set{0};
}

TEST_CASE("what is held is what /proc says", "[capabilities]") {
  const auto now = held();

  REQUIRE(now.ok());
  CHECK(now->permitted == status_field("CapPrm"));
  CHECK(now->bounding == status_field("CapBnd"));
  CHECK(available().value() == (now->permitted & now->bounding));
}

TEST_CASE("only the wanted capabilities are looked up", "[capabilities]") {
  const Set wanted = bit(CAP_KILL) | bit(CAP_CHOWN);
  const auto some = held(wanted);

  REQUIRE(some.ok());
  CHECK(some->bounding == (status_field("CapBnd") & wanted));
  CHECK(available(wanted).value() == (available().value() & wanted));
}

TEST_CASE("a plan is what a process has after the user switch", "[capabilities][CAP-01][CAP-05]") {
  if (::geteuid() != 0) return;
  const Plan plan = {.bounding = bit(CAP_CHOWN) | bit(CAP_KILL) | bit(CAP_SYS_ADMIN),
                     .effective = bit(CAP_CHOWN),
                     .inheritable = bit(CAP_KILL),
                     .permitted = bit(CAP_CHOWN) | bit(CAP_KILL),
                     .ambient = bit(CAP_KILL),
                     .warnings = {},
                     .remarks = {}};

  CHECK(in_child([&] {
          if (!drop_bounding(plan, held().value().bounding).ok()) return 1;
          ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
          if (::syscall(SYS_setresuid, 65534, 65534, 65534) != 0) return 2;
          if (!apply(plan, bit(CAP_SYS_ADMIN)).ok()) return 3;
          if (status_field("CapBnd") != plan.bounding) return 4;
          if (status_field("CapEff") != (plan.effective | bit(CAP_SYS_ADMIN))) return 5;
          if (status_field("CapPrm") != (plan.permitted | bit(CAP_SYS_ADMIN))) return 6;
          if (status_field("CapInh") != plan.inheritable) return 7;
          return status_field("CapAmb") == plan.ambient ? 0 : 8;
        }) == 0);
}

TEST_CASE("the extra capability does not reach the program", "[capabilities][CAP-01]") {
  if (::geteuid() != 0) return;
  const Plan plan = {.bounding = bit(CAP_CHOWN),
                     .effective = bit(CAP_CHOWN),
                     .inheritable = 0,
                     .permitted = bit(CAP_CHOWN),
                     .ambient = 0,
                     .warnings = {},
                     .remarks = {}};

  CHECK(in_child([&] {
          if (!drop_bounding(plan, kAllCapabilities).ok()) return 1;
          if (!apply(plan, bit(CAP_SYS_ADMIN)).ok()) return 2;
          // grep's exit code: 0 when both sets are CAP_CHOWN alone.
          ::execl("/bin/sh", "sh", "-c",
                  "grep -q '^CapPrm:.0000000000000001$' /proc/self/status && "
                  "grep -q '^CapEff:.0000000000000001$' /proc/self/status",
                  static_cast<char*>(nullptr));
          return 3;
        }) == 0);
}

TEST_CASE("asking for more than there is names the capabilities", "[capabilities][CAP-04]") {
  const Plan nothing;
  CHECK(in_child([&] {
          if (!apply(nothing, 0).ok()) return 1;
          const auto refused = apply(nothing, bit(CAP_SYS_ADMIN));
          return !refused.ok() && refused.error().errno_value == EPERM &&
                         refused.error().message.find("CAP_SYS_ADMIN") != std::string::npos
                     ? 0
                     : 2;
        }) == 0);
}

}  // namespace
}  // namespace myrt::capabilities
