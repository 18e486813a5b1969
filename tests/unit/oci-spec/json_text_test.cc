#include <string>

#include "oci-spec/parse.h"
#include "tests/support/catch.h"
#include "tests/unit/oci-spec/config_rows.h"

namespace myrt::oci {
namespace {

std::string repeated(std::string_view text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

void check_only_problem(std::string_view json, const Problem& expected) {
  const auto parsed = parse_spec(json);
  INFO(json.substr(0, 100));
  REQUIRE(parsed.problems.size() == 1);
  CHECK(parsed.problems[0].pointer == expected.pointer);
  CHECK(parsed.problems[0].message == expected.message);
}

}  // namespace

TEST_CASE("a syntax error has a line and a column", "[oci-spec][CFG-01]") {
  check_only_problem("{]", {"",
                            "invalid JSON at line 1, column 2: syntax error while parsing object "
                            "key - unexpected `]`; expected string literal"});
  check_only_problem("{\n  \"root\": {\"path\": rootfs}\n}",
                     {"",
                      "invalid JSON at line 2, column 20: syntax error while parsing value - "
                      "invalid literal"});
  check_only_problem("", {"",
                          "invalid JSON at line 1, column 1: syntax error while parsing value "
                          "- unexpected end of input; expected `[`, `{`, or a literal"});
  check_only_problem("{} {}", {"",
                               "invalid JSON at line 1, column 4: syntax error while parsing "
                               "value - unexpected `{`; expected end of input"});
}

TEST_CASE("text that is not UTF-8 or has NUL bytes is refused", "[oci-spec][CFG-01]") {
  using namespace std::string_literals;
  check_only_problem("{\"hostname\": \"a\xff\"}",
                     {"",
                      "invalid JSON at line 1, column 16: syntax error while parsing value - "
                      "invalid string: ill-formed UTF-8 byte"});
  check_only_problem("{}\n\0{"s, {"", "invalid JSON at line 2, column 1: NUL byte"});
  check_only_problem(patched_config(R"({"annotations": {"a\u0000b": ""}})"),
                     {"/annotations/a\0b"s, "expected a name without NUL bytes"});
}

TEST_CASE("deep or huge documents are refused without harm", "[oci-spec][CFG-01]") {
  const std::string bomb = repeated("[", 1'000'000);
  const std::string deepest = repeated("[", 120) + repeated("]", 120);

  check_only_problem(bomb, {"", "invalid JSON: nested deeper than 128 levels"});
  check_only_problem("{\"x\":" + bomb, {"", "invalid JSON: nested deeper than 128 levels"});
  CHECK(parse_spec(R"({"ociVersion": "1.0.0", "root": {"path": "r"}, "x": )" + deepest + "}")
            .problems.empty());
  check_only_problem(std::string((std::size_t{16} << 20U) + 1, ' '),
                     {"", "document of 16777217 bytes is longer than 16777216"});
}

TEST_CASE("a document that is no object is refused", "[oci-spec][CFG-04]") {
  check_only_problem("[]", {"", "expected object, got array"});
  check_only_problem("null", {"", "expected object, got null"});
}

TEST_CASE("the last of two members with the same name counts", "[oci-spec][CFG-02]") {
  const auto parsed = parse_spec(
      R"({"ociVersion": 1, "ociVersion": "1.0.0", "root": {"path": "a"}, "root": {"path": "b"},
          "annotations": {"k": 5, "k": "v"}})");

  CHECK(parsed.problems.empty());
  CHECK(parsed.value.root->path == "b");
  CHECK(parsed.value.annotations.at("k") == "v");
}

TEST_CASE("unknown properties and other platforms are ignored at every level",
          "[oci-spec][CFG-03][CFG-08][ANN-02]") {
  check_rows({
      AcceptedRow{"CFG-03", R"({"unknown": {"a": [1]}, "process": {"unknown": 1}})"},
      {"CFG-03", R"({"linux": {"unknown": 1, "resources": {"unknown": 1, "memory": {"x": "y"}}}})"},
      {"CFG-03", R"({"mounts": [{"destination": "/a", "unknown": false}]})"},
      {"CFG-08", R"({"windows": 1, "solaris": [], "vm": "x", "zos": true, "freebsd": 1.5})"},
  });
}

TEST_CASE("null counts as absent for properties only", "[oci-spec][CFG-07]") {
  const auto parsed = parse_spec(
      R"({"ociVersion": "1.0.0", "root": {"path": "r", "readonly": null}, "mounts": null,
          "process": {"cwd": "/", "args": ["a"], "env": null, "oomScoreAdj": null,
                      "user": {"uid": 0, "gid": 0, "umask": null}},
          "hooks": null, "annotations": null, "linux": {"resources": null, "seccomp": null}})");

  CHECK(parsed.problems.empty());
  CHECK(parsed.value.process->oom_score_adj == std::nullopt);
  CHECK(parsed.value.process->user.umask == std::nullopt);
  check_only_problem(R"({"ociVersion": null, "root": {"path": "r"}})",
                     {"/ociVersion", "is required"});
  check_only_problem(R"({"ociVersion": "1.0.0", "root": {"path": "r"}, "mounts": [null]})",
                     {"/mounts/0", "expected object, got null"});
}

TEST_CASE("zero differs from absent where the spec says so", "[oci-spec][CFG-07][CPI-02]") {
  const auto parsed = parse_spec(patched_config(R"({
    "process": {"oomScoreAdj": 0, "user": {"umask": 0}},
    "linux": {"devices": [{"type": "p", "path": "/a", "fileMode": 0, "uid": 0, "gid": 0}],
              "resources": {"memory": {"swappiness": 0, "disableOOMKiller": false},
                            "cpu": {"idle": 0}, "pids": {"limit": 0}}}})"));

  REQUIRE(parsed.problems.empty());
  CHECK(parsed.value.process->oom_score_adj == 0);
  CHECK(parsed.value.process->user.umask == 0);
  const Linux& linux_section = *parsed.value.linux;
  CHECK(linux_section.devices[0].file_mode == 0);
  CHECK(linux_section.devices[0].uid == 0);
  CHECK(linux_section.devices[0].gid == 0);
  CHECK(linux_section.resources->memory->swappiness == 0);
  CHECK(linux_section.resources->memory->disable_oom_killer == false);
  CHECK(linux_section.resources->cpu->idle == 0);
  CHECK(linux_section.resources->pids_limit == 0);
}

TEST_CASE("integers are exact up to their limits", "[oci-spec][CFG-06]") {
  const auto parsed = parse_spec(patched_config(R"({
    "process": {"rlimits": [{"type": "RLIMIT_CORE", "soft": 18446744073709551614,
                             "hard": 18446744073709551615}]},
    "linux": {"resources": {"memory": {"limit": 9223372036854775807, "kernel": -1},
                            "cpu": {"quota": -9223372036854775808}}}})"));

  REQUIRE(parsed.problems.empty());
  CHECK(parsed.value.process->rlimits[0].soft == 18446744073709551614U);
  CHECK(parsed.value.process->rlimits[0].hard == 18446744073709551615U);
  CHECK(parsed.value.linux->resources->memory->limit == INT64_MAX);
  CHECK(parsed.value.linux->resources->memory->kernel == -1);
  CHECK(parsed.value.linux->resources->cpu->quota == INT64_MIN);
}

TEST_CASE("numbers that are no exact integers in range are refused", "[oci-spec][CFG-04][CFG-06]") {
  const auto with_soft_limit = [](std::string_view number) {
    return std::string(R"({"ociVersion": "1.0.0", "root": {"path": "r"}, "process": {"cwd": "/",
        "args": ["a"], "rlimits": [{"type": "RLIMIT_CORE", "hard": 18446744073709551615, "soft": )") +
           std::string(number) + "}]}}";
  };
  const std::string pointer = "/process/rlimits/0/soft";
  const std::string range = "expected an integer from 0 to 18446744073709551615, got ";

  check_only_problem(with_soft_limit("1.0"), {pointer, "expected integer, got number"});
  check_only_problem(with_soft_limit("1e3"), {pointer, "expected integer, got number"});
  check_only_problem(with_soft_limit("true"), {pointer, "expected integer, got boolean"});
  check_only_problem(with_soft_limit("\"1\""), {pointer, "expected integer, got string"});
  check_only_problem(with_soft_limit("-1"), {pointer, range + "-1"});
  check_only_problem(with_soft_limit("18446744073709551616"),
                     {pointer, range + "18446744073709551616"});
  check_only_problem(with_soft_limit("-9223372036854775809"),
                     {pointer, range + "-9223372036854775809"});
  check_only_problem(with_soft_limit(repeated("9", 200)),
                     {pointer, range + repeated("9", 80) + "..."});
  check_only_problem(with_soft_limit("1e999"),
                     {"", "invalid JSON at line 2, column 102: number overflow parsing `1e999`"});
  CHECK(parse_spec(with_soft_limit("-0")).problems.empty());
}

}  // namespace myrt::oci
