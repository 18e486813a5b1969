#include "tests/unit/oci-spec/config_rows.h"

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>

#include "oci-spec/parse.h"
#include "tests/support/catch.h"

namespace myrt::oci {

std::string patched_config(std::string_view patch) {
  auto config = nlohmann::ordered_json::parse(R"({
    "ociVersion": "1.3.0",
    "root": {"path": "rootfs"},
    "process": {"cwd": "/", "args": ["sh"], "user": {"uid": 0, "gid": 0}},
    "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}]}
  })");
  config.merge_patch(nlohmann::ordered_json::parse(patch));
  return config.dump();
}

void check_rows(std::initializer_list<BrokenRow> rows) {
  for (const BrokenRow& row : rows) {
    DYNAMIC_SECTION(row.rule << " refuses " << row.patch) {
      const auto parsed = parse_spec(patched_config(row.patch));

      REQUIRE(parsed.problems.size() == 1);
      CHECK(parsed.problems[0].pointer == row.pointer);
      CHECK(parsed.problems[0].message == row.message);
    }
  }
}

void check_rows(std::initializer_list<AcceptedRow> rows) {
  for (const AcceptedRow& row : rows) {
    DYNAMIC_SECTION(row.rule << " accepts " << row.patch) {
      const auto parsed = parse_spec(patched_config(row.patch));

      CHECK(parsed.problems == std::vector<Problem>{});
    }
  }
}

TEST_CASE("the small config of the row tests is valid", "[oci-spec]") {
  check_rows({AcceptedRow{"CFG-09", "{}"}});
}

}  // namespace myrt::oci
