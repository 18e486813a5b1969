#include "oci-spec/parse.h"
#include "oci-spec/validate.h"
#include "tests/support/catch.h"
#include "tests/unit/oci-spec/config_rows.h"

namespace myrt::oci {

TEST_CASE("all problems come at once, in the order of the document", "[oci-spec][CFG-11]") {
  const auto parsed = parse_spec(R"({
    "linux": {"maskedPaths": ["/a", "b", 3], "namespaces": [{"type": "uts"}, {"type": "net"}]},
    "mounts": [{"destination": "/a", "options": "ro"}, {}],
    "process": {"terminal": 1, "args": ["sh"], "cwd": "a"},
    "ociVersion": "2.0.0",
    "hostname": 5
  })");

  CHECK(parsed.problems == std::vector<Problem>{
                               {"/root", "is required"},
                               {"/linux/maskedPaths/1", "expected an absolute path, got `b`"},
                               {"/linux/maskedPaths/2", "expected string, got integer"},
                               {"/linux/namespaces/1/type", "unknown namespace type `net`"},
                               {"/mounts/0/options", "expected array, got string"},
                               {"/mounts/1/destination", "is required"},
                               {"/process/terminal", "expected boolean, got integer"},
                               {"/process/cwd", "expected an absolute path, got `a`"},
                               {"/ociVersion", "expected major version 1, got `2.0.0`"},
                               {"/hostname", "expected string, got integer"},
                           });
}

TEST_CASE("a rule says nothing about what could not be read", "[oci-spec][CFG-11]") {
  // The entry might have been the uts namespace, the time namespace or a second pid namespace.
  check_rows({BrokenRow{"CFG-11",
                        R"({"hostname": "web", "linux": {"timeOffsets": {"boottime": {"secs": 1}},
          "namespaces": [{"type": "pid"}, {"type": 5}]}})",
                        "/linux/namespaces/1/type", "expected string, got integer"}});
  check_rows(
      {BrokenRow{"CFG-11", R"({"linux": {"resources": {"memory": {"limit": "1G", "swap": 5}}}})",
                 "/linux/resources/memory/limit", "expected integer, got string"}});
  check_rows(
      {BrokenRow{"CFG-11", R"({"linux": {"resources": {"rdma": {"mlx": {"hcaHandles": "3"}}}}})",
                 "/linux/resources/rdma/mlx/hcaHandles", "expected integer, got string"}});
}

TEST_CASE("indices stay those of the document behind an unreadable element", "[oci-spec][CFG-11]") {
  const auto parsed =
      parse_spec(patched_config(R"({"mounts": [7, {"destination": "/a", "options": ["bind"]}]})"));

  CHECK(parsed.problems ==
        std::vector<Problem>{{"/mounts/0", "expected object, got integer"},
                             {"/mounts/1/source", "is required for a bind mount"}});
}

TEST_CASE("problems become one error with the first one's pointer", "[oci-spec][CFG-11]") {
  const Error error =
      to_error({{"/process/cwd", "expected an absolute path, got `a`"}, {"/root", "is required"}});
  const Error syntax = to_error({{"", "invalid JSON at line 1, column 2: x"}});

  CHECK(error.code == ErrorCode::invalid_config);
  CHECK(error.pointer == "/process/cwd");
  CHECK(error.message == "/process/cwd: expected an absolute path, got `a`; /root: is required");
  CHECK(syntax.pointer.empty());
  CHECK(syntax.message == "invalid JSON at line 1, column 2: x");
}

TEST_CASE("keys are escaped in pointers", "[oci-spec][CFG-04]") {
  CHECK(pointer_token("a/b~c") == "a~1b~0c");
  CHECK(pointer_token("~1") == "~01");
  CHECK(pointer_token("") == "");
}

TEST_CASE("long values are cut at a character's boundary in messages", "[oci-spec][CFG-04]") {
  const std::string long_name = std::string(79, 'x') + "\u00e9\u00e9";

  const auto parsed =
      parse_spec(patched_config(R"({"linux": {"rootfsPropagation": ")" + long_name + "\"}}"));

  REQUIRE(parsed.problems.size() == 1);
  CHECK(parsed.problems[0].message ==
        "unknown mount propagation `" + std::string(79, 'x') + "...`");
}

TEST_CASE("the list of problems ends somewhere", "[oci-spec][CFG-11]") {
  std::string args;
  for (int i = 0; i < 5000; ++i) args += "1,";

  const auto parsed = parse_spec(patched_config(R"({"process": {"args": [)" + args + "1]}}"));

  REQUIRE(parsed.problems.size() == 1001);
  CHECK(parsed.problems.back() == Problem{"/process/args/1000", "further problems are not listed"});
}

TEST_CASE("a spec made without a document is validated the same", "[oci-spec][ROO-01][VER-01]") {
  Spec spec;
  spec.annotations[""] = "x";

  CHECK(validate(spec) ==
        std::vector<Problem>{{"/ociVersion", "expected a semantic version, got ``"},
                             {"/root", "is required"},
                             {"/annotations/", "expected a name that is not empty"}});
}

}  // namespace myrt::oci
