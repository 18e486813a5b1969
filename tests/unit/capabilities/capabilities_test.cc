#include <sys/capability.h>

#include "capabilities/plan.h"
#include "tests/support/catch.h"

namespace myrt::capabilities {
namespace {

Plan planned(const oci::LinuxCapabilities& sets, Set available = kAllCapabilities) {
  auto result = plan(sets, available);
  REQUIRE(result.ok());
  return std::move(result).value();
}

TEST_CASE("all 41 capabilities have their names", "[capabilities][CAP-02]") {
  const auto names = all_names();

  REQUIRE(names.size() == 41);
  CHECK(names.front() == "CAP_CHOWN");
  CHECK(names.back() == "CAP_CHECKPOINT_RESTORE");
  for (unsigned number = 0; number < names.size(); ++number) {
    CHECK(number_of(names[number]) == number);
    cap_value_t by_libcap = -1;
    REQUIRE(::cap_from_name(names[number].c_str(), &by_libcap) == 0);
    CHECK(static_cast<unsigned>(by_libcap) == number);
  }
}

TEST_CASE("only the spec's spelling is a capability", "[capabilities][CAP-03]") {
  for (const char* name : {"", "CAP_", "cap_chown", "CHOWN", "CAP_chown", "CAP_CHOWN ", "0",
                           "CAP_41", "CAP_NONSENSE", "all", "CAP_ALL"}) {
    INFO(name);
    CHECK_FALSE(number_of(name).has_value());
  }
}

TEST_CASE("the sets are exactly those of the config", "[capabilities][CAP-01]") {
  const Plan result = planned({.bounding = {"CAP_CHOWN", "CAP_KILL", "CAP_SETUID"},
                               .effective = {"CAP_CHOWN"},
                               .inheritable = {"CAP_KILL"},
                               .permitted = {"CAP_CHOWN", "CAP_KILL"},
                               .ambient = {"CAP_KILL"}});

  CHECK(result.bounding == (bit(CAP_CHOWN) | bit(CAP_KILL) | bit(CAP_SETUID)));
  CHECK(result.effective == bit(CAP_CHOWN));
  CHECK(result.inheritable == bit(CAP_KILL));
  CHECK(result.permitted == (bit(CAP_CHOWN) | bit(CAP_KILL)));
  CHECK(result.ambient == bit(CAP_KILL));
  CHECK(result.warnings.empty());
}

TEST_CASE("without the object, and without a set, there are no capabilities",
          "[capabilities][CAP-01]") {
  CHECK(plan(std::nullopt, kAllCapabilities).value() == Plan{});
  CHECK(planned({}) == Plan{});
}

TEST_CASE("unknown names are warned about once and ignored", "[capabilities][CAP-03]") {
  const Plan result = planned({.bounding = {"CAP_KILL", "CAP_FLY"},
                               .effective = {"CAP_FLY", "cap_kill"},
                               .inheritable = {},
                               .permitted = {"CAP_KILL"},
                               .ambient = {}});

  CHECK(result.bounding == bit(CAP_KILL));
  CHECK(result.effective == 0);
  CHECK(result.warnings == std::vector<std::string>{"unknown capability `CAP_FLY` is ignored",
                                                    "unknown capability `cap_kill` is ignored"});
}

TEST_CASE("what the runtime does not hold is warned about and dropped", "[capabilities][CAP-04]") {
  const std::vector<std::string> wanted = {"CAP_KILL", "CAP_SYS_RESOURCE"};
  const Plan result = planned({.bounding = wanted,
                               .effective = wanted,
                               .inheritable = wanted,
                               .permitted = wanted,
                               .ambient = wanted},
                              kAllCapabilities & ~bit(CAP_SYS_RESOURCE));

  for (const Set set :
       {result.bounding, result.effective, result.inheritable, result.permitted, result.ambient}) {
    CHECK(set == bit(CAP_KILL));
  }
  CHECK(result.warnings ==
        std::vector<std::string>{
            "capabilities that this runtime does not hold are ignored: CAP_SYS_RESOURCE"});
}

TEST_CASE("sets that the kernel would refuse are cut down with a warning or a remark",
          "[capabilities][CAP-05]") {
  const Plan result = planned({.bounding = {"CAP_KILL"},
                               .effective = {"CAP_CHOWN"},
                               .inheritable = {"CAP_KILL", "CAP_SETUID"},
                               .permitted = {"CAP_KILL"},
                               .ambient = {"CAP_KILL", "CAP_SETUID"}});

  CHECK(result.inheritable == bit(CAP_KILL));
  CHECK(result.effective == 0);
  CHECK(result.ambient == bit(CAP_KILL));
  CHECK(result.warnings.size() == 2);
  CHECK(result.remarks ==
        std::vector<std::string>{"can't raise ambient capability CAP_SETUID: it needs to be "
                                 "permitted and inheritable"});
}

TEST_CASE("exec --cap never fills inheritable or ambient", "[capabilities][CVE-2022-29162]") {
  const oci::LinuxCapabilities base = {.bounding = {"CAP_CHOWN"},
                                       .effective = {"CAP_CHOWN"},
                                       .inheritable = {},
                                       .permitted = {"CAP_CHOWN"},
                                       .ambient = {}};

  const auto result = exec_plan(base, {"CAP_NET_RAW"}, kAllCapabilities);

  REQUIRE(result.ok());
  const Set both = bit(CAP_CHOWN) | bit(CAP_NET_RAW);
  CHECK(result->bounding == both);
  CHECK(result->effective == both);
  CHECK(result->permitted == both);
  CHECK(result->inheritable == 0);
  CHECK(result->ambient == 0);
  CHECK(exec_plan(base, {"CAP_FLY"}, kAllCapabilities).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a capability added by exec is ambient if the config has it inheritable",
          "[capabilities]") {
  const oci::LinuxCapabilities base = {.bounding = {"CAP_CHOWN", "CAP_SYSLOG"},
                                       .effective = {"CAP_CHOWN"},
                                       .inheritable = {"CAP_CHOWN", "CAP_SYSLOG"},
                                       .permitted = {"CAP_CHOWN"},
                                       .ambient = {"CAP_CHOWN"}};

  const auto result = exec_plan(base, {"CAP_SYSLOG", "CAP_KILL"}, kAllCapabilities);

  REQUIRE(result.ok());
  CHECK(result->ambient == (bit(CAP_CHOWN) | bit(CAP_SYSLOG)));
  CHECK(result->inheritable == (bit(CAP_CHOWN) | bit(CAP_SYSLOG)));
  CHECK(result->warnings.empty());
  CHECK(result->remarks.empty());
}

TEST_CASE("a plan prints its five sets", "[capabilities]") {
  CHECK(to_string(planned({.bounding = {"CAP_KILL", "CAP_CHOWN"},
                           .effective = {},
                           .inheritable = {},
                           .permitted = {"CAP_KILL"},
                           .ambient = {"CAP_KILL"}})) ==
        "bounding: CAP_CHOWN CAP_KILL\neffective: none\ninheritable: none\npermitted: CAP_KILL\n"
        "ambient: none\nremark: can't raise ambient capability CAP_KILL: it needs to be permitted "
        "and inheritable\n");
}

}  // namespace
}  // namespace myrt::capabilities
