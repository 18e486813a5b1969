#include "oci-spec/parse.h"
#include "tests/support/catch.h"
#include "tests/unit/oci-spec/config_rows.h"

namespace myrt::oci {

TEST_CASE("seccomp actions are known and take an errno or not",
          "[oci-spec][SEC-02][SEC-03][SEC-08][SEC-11][SEC-12]") {
  check_rows({
      BrokenRow{"SEC-02", R"({"linux": {"seccomp": {}}})", "/linux/seccomp/defaultAction",
                "is required"},
      {"SEC-08", R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_FOO"}}})",
       "/linux/seccomp/defaultAction", "unknown seccomp action `SCMP_ACT_FOO`"},
      {"SEC-03",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_KILL", "defaultErrnoRet": 1}}})",
       "/linux/seccomp/defaultErrnoRet", "`SCMP_ACT_KILL` takes no errno"},
      {"SEC-03",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096}}})",
       "/linux/seccomp/defaultErrnoRet", "expected an integer from 0 to 4095, got 4096"},
      {"SEC-11",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod"]}]}}})",
       "/linux/seccomp/syscalls/0/action", "is required"},
      {"SEC-08",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
           "syscalls": [{"names": ["chmod"], "action": "ERRNO"}]}}})",
       "/linux/seccomp/syscalls/0/action", "unknown seccomp action `ERRNO`"},
      {"SEC-12",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
           "syscalls": [{"names": ["chmod"], "action": "SCMP_ACT_KILL_PROCESS", "errnoRet": 1}]}}})",
       "/linux/seccomp/syscalls/0/errnoRet", "`SCMP_ACT_KILL_PROCESS` takes no errno"},
      {"SEC-12",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
           "syscalls": [{"names": ["chmod"], "action": "SCMP_ACT_TRACE", "errnoRet": 65536}]}}})",
       "/linux/seccomp/syscalls/0/errnoRet", "expected an integer from 0 to 65535, got 65536"},
  });
  check_rows({
      AcceptedRow{
          "SEC-03",
          R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_TRACE", "defaultErrnoRet": 65535}}})"},
      {"SEC-08", R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_LOG"}}})"},
      {"SEC-08", R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_KILL_THREAD"}}})"},
      {"SEC-10",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
           "syscalls": [{"names": ["call_of_the_future"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}}})"},
  });
}

TEST_CASE("seccomp architectures and flags are known",
          "[oci-spec][SEC-04][SEC-05][SEC-06][SEC-07]") {
  check_rows({
      BrokenRow{"SEC-04",
                R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
                    "architectures": ["SCMP_ARCH_X86_64", "x86"]}}})",
                "/linux/seccomp/architectures/1", "unknown seccomp architecture `x86`"},
      {"SEC-07",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
           "flags": ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]}}})",
       "/linux/seccomp/flags/0", "unknown seccomp flag `SECCOMP_FILTER_FLAG_NEW_LISTENER`"},
  });
  check_rows({
      AcceptedRow{"SEC-05",
                  R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
                      "architectures": ["SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",
                      "SCMP_ARCH_SH", "SCMP_ARCH_SHEB", "SCMP_ARCH_S390X", "SCMP_ARCH_PARISC64"]}}})"},
      {"SEC-07",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
           "flags": ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]}}})"},
  });
}

TEST_CASE("absent seccomp flags differ from none", "[oci-spec][SEC-01][SEC-06]") {
  const auto absent =
      parse_spec(patched_config(R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}})"));
  const auto none = parse_spec(patched_config(
      R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "flags": []}}})"));

  CHECK(absent.value.linux->seccomp->flags == std::nullopt);
  CHECK(none.value.linux->seccomp->flags == std::vector<std::string>{});
  CHECK(parse_spec(patched_config("{}")).value.linux->seccomp == std::nullopt);
}

TEST_CASE("seccomp entries have names and comparable arguments",
          "[oci-spec][SEC-09][SEC-13][SEC-15]") {
  check_rows({
      BrokenRow{"SEC-09",
                R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
                    "syscalls": [{"names": [], "action": "SCMP_ACT_ERRNO"}]}}})",
                "/linux/seccomp/syscalls/0/names", "expected at least one name"},
      {"SEC-09",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
           "syscalls": [{"action": "SCMP_ACT_ERRNO"}]}}})",
       "/linux/seccomp/syscalls/0/names", "is required"},
      {"SEC-09",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
           "syscalls": [{"names": ["chmod", ""], "action": "SCMP_ACT_ERRNO"}]}}})",
       "/linux/seccomp/syscalls/0/names/1", "must not be empty"},
      {"SEC-13",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod"],
           "action": "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}}})",
       "/linux/seccomp/syscalls/0/args/0/index", "expected an integer from 0 to 5, got 6"},
      {"SEC-13",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod"],
           "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "op": "SCMP_CMP_EQ"}]}]}}})",
       "/linux/seccomp/syscalls/0/args/0/value", "is required"},
      {"SEC-15",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod"],
           "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "=="}]}]}}})",
       "/linux/seccomp/syscalls/0/args/0/op", "unknown seccomp operator `==`"},
  });
  check_rows({AcceptedRow{
      "SEC-14",
      R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod"],
          "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"},
          {"index": 0, "value": 18446744073709551615, "valueTwo": 2, "op": "SCMP_CMP_MASKED_EQ"}]}]}}})"}});
}

TEST_CASE("listeners have a path, and cannot wait for themselves",
          "[oci-spec][NTF-01][NTF-02][NTF-03]") {
  check_rows({
      BrokenRow{"NTF-02",
                R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
                    "syscalls": [{"names": ["mount"], "action": "SCMP_ACT_NOTIFY"}]}}})",
                "/linux/seccomp/listenerPath", "is required with SCMP_ACT_NOTIFY"},
      {"NTF-02",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/run/agent"}}})",
       "/linux/seccomp/defaultAction",
       "SCMP_ACT_NOTIFY cannot be the default: nothing could hand over the listener"},
      {"NTF-02",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/agent",
           "syscalls": [{"names": ["mount", "sendmsg"], "action": "SCMP_ACT_NOTIFY"}]}}})",
       "/linux/seccomp/syscalls/0/names/1",
       "`sendmsg` cannot have SCMP_ACT_NOTIFY: it hands over the listener's descriptor"},
      {"NTF-03",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "x"}}})",
       "/linux/seccomp/listenerMetadata", "must not be set without listenerPath"},
  });
  check_rows({
      AcceptedRow{
          "NTF-01",
          R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/agent"}}})"},
      {"NTF-02",
       R"({"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/agent",
           "listenerMetadata": "m", "syscalls": [{"names": ["mount"], "action": "SCMP_ACT_NOTIFY"}]}}})"},
  });
}

}  // namespace myrt::oci
