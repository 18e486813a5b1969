#include "runtime/cli/report_text.h"

#include "tests/support/catch.h"

using namespace myrt;
using namespace myrt::cli;

TEST_CASE("a remark reads like a compiler's message", "[cli]") {
  const Validation validation{
      "/b/config.json",
      {{oci::Severity::error, "/root", "is required", 1, 1, "config.md, Root"},
       {oci::Severity::warning, "/x", "has no effect", 2, 3, "config.md"}}};
  CHECK(validation_text(validation, Colour::off) ==
        "/b/config.json:1:1: error: /root: is required [config.md, Root]\n"
        "/b/config.json:2:3: warning: /x: has no effect [config.md]\n"
        "/b/config.json: cannot be run here: 1 error, 0 things missing on this host, 1 warning\n");
}

TEST_CASE("only a terminal gets colours", "[cli]") {
  const Validation validation{"c", {{oci::Severity::host, "", "x", 1, 1, "config.md"}}};
  CHECK(validation_text(validation, Colour::on).find("\x1b[35mhost\x1b[0m") != std::string::npos);
  CHECK(validation_text(validation, Colour::off).find('\x1b') == std::string::npos);
}

TEST_CASE("effective shows what was asked below what differs", "[cli]") {
  Effective effective;
  effective.state.id = "web1";
  effective.state.status = oci::Status::running;
  effective.fields = {{"hostname", "/hostname", "a", "b", Match::differs},
                      {"pids", "", "5", "5", Match::same},
                      {"sysctl", "", "1", "", Match::unknown}};
  CHECK(effective_text(effective, Fields::all, Colour::off) ==
        "hostname  b\n          asked: a (/hostname)\npids      5\n"
        "sysctl    -  (cannot be read)\nweb1 `running`: 1 value differs\n");
  CHECK(effective_text(effective, Fields::differing, Colour::off) ==
        "hostname  b\n          asked: a (/hostname)\nweb1 `running`: 1 value differs\n");
  effective.fields.erase(effective.fields.begin());
  CHECK(effective_text(effective, Fields::differing, Colour::off).empty());
}

TEST_CASE("doctor says what follows and what fixes it", "[cli]") {
  CHECK(doctor_text({{"kernel", Verdict::ok, "Linux 6", "", ""},
                     {"cgroups", Verdict::failure, "none", "no containers", "mount it"}},
                    Colour::off) ==
        "ok       kernel   Linux 6\nFAILURE  cgroups  none\n         so:  no containers\n"
        "         fix: mount it\n1 ok, 0 notes, 0 warnings, 1 failure\n");
}
