#include "oci-spec/inspect.h"

#include "tests/support/catch.h"

using namespace myrt::oci;

namespace {

constexpr std::string_view kDocument = R"({
  "ociVersion": "1.0.2",
  "root": { "path": "rootfs" },
  "proces": {},
  "process": {
    "cwd": "relative",
    "args": ["sh"],
    "user": { "uid": 0, "gid": 0, "gid": 0 },
    "env": [ 7 ]
  },
  "windows": {},
  "linux": { "namespaces": [ { "type": "mnt" } ], "x/y": [1, 2] }
})";

const Remark* find(const Inspection& inspection, std::string_view pointer) {
  for (const Remark& remark : inspection.remarks) {
    if (remark.pointer == pointer) return &remark;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("inspection finds every problem with its place and clause", "[CFG-03]") {
  struct Case {
    const char* pointer;
    Severity severity;
    std::size_t line, column;
    const char* clause;
  };
  const Case cases[] = {
      {"/proces", Severity::warning, 4, 3, "config.md"},
      {"/process/cwd", Severity::error, 6, 12, "config.md, Process"},
      {"/process/user/gid", Severity::warning, 8, 25, "config.md, POSIX-platform User"},
      {"/process/env/0", Severity::error, 9, 14, "config.md, Process"},
      {"/windows", Severity::warning, 11, 3, "config.md"},
      {"/linux/namespaces/0/type", Severity::error, 12, 40, "config-linux.md, Namespaces"},
      {"/linux/x~1y", Severity::warning, 12, 51, "config-linux.md"},
  };
  const Inspection inspection = inspect_spec(kDocument);
  for (const Case& expected : cases) {
    CAPTURE(expected.pointer);
    const Remark* remark = find(inspection, expected.pointer);
    REQUIRE(remark != nullptr);
    CHECK(remark->severity == expected.severity);
    CHECK(remark->line == expected.line);
    CHECK(remark->column == expected.column);
    CHECK(remark->clause == expected.clause);
  }
  CHECK(inspection.remarks.size() == std::size(cases));
}

TEST_CASE("remarks are in the order of the document") {
  const Inspection inspection = inspect_spec(kDocument);
  for (std::size_t i = 1; i < inspection.remarks.size(); ++i) {
    CHECK(inspection.remarks[i - 1].line <= inspection.remarks[i].line);
  }
}

TEST_CASE("a syntax error is the only remark and has its place") {
  const Inspection inspection = inspect_spec("{\n  \"a\": ]\n}");
  REQUIRE(inspection.remarks.size() == 1);
  CHECK(inspection.remarks[0].line == 2);
  CHECK(inspection.remarks[0].column == 8);
  CHECK(inspection.remarks[0].pointer.empty());
}

TEST_CASE("a missing property is placed at what should have it") {
  const Inspection inspection = inspect_spec("{ \"ociVersion\": \"1.0.0\",\n \"process\": {} }");
  const Remark* root = find(inspection, "/root");
  REQUIRE(root != nullptr);
  CHECK(root->line == 1);
  const Remark* cwd = find(inspection, "/process/cwd");
  REQUIRE(cwd != nullptr);
  CHECK(cwd->line == 2);
  CHECK(cwd->column == 13);
}

TEST_CASE("strings with quotes, braces and colons do not confuse the places") {
  const Inspection inspection = inspect_spec(
      "{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"a\\\":{[\\\\\"},\n\"annotations\": "
      "{\"a\": \"b:\", \"c\": 1}, \"extra\": null}");
  const Remark* number = find(inspection, "/annotations/c");
  REQUIRE(number != nullptr);
  CHECK(number->line == 2);
  CHECK(number->column == 33);
  CHECK(find(inspection, "/extra") != nullptr);
  CHECK(inspection.remarks.size() == 2);
}

TEST_CASE("of equal names the first ones are warned about, and the last one counts") {
  const Inspection inspection = inspect_spec(
      "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"a\"},\"hostname\":3,\"hostname\":\"\","
      "\"root\":{\"path\":\"b\"}}");
  CHECK(inspection.remarks.size() == 2);
  CHECK(inspection.spec.root->path == "b");
}
