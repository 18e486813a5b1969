#include "oci-spec/parse.h"
#include "oci-spec/validate.h"
#include "tests/support/catch.h"
#include "tests/unit/oci-spec/config_rows.h"

namespace myrt::oci {

TEST_CASE("a process has arguments and an absolute working directory",
          "[oci-spec][PRC-04][PRC-08][OPS-08]") {
  check_rows({
      BrokenRow{"PRC-04", R"({"process": {"cwd": null}})", "/process/cwd", "is required"},
      {"PRC-04", R"({"process": {"cwd": "srv"}})", "/process/cwd",
       "expected an absolute path, got `srv`"},
      {"PRC-04", R"({"process": {"cwd": ""}})", "/process/cwd",
       "expected an absolute path, got ``"},
      {"PRC-08", R"({"process": {"args": null}})", "/process/args",
       "is required, with at least one entry"},
      {"PRC-08", R"({"process": {"args": []}})", "/process/args",
       "is required, with at least one entry"},
      {"PRC-08", R"({"process": {"args": "sh"}})", "/process/args", "expected array, got string"},
      {"PRC-08", R"({"process": {"args": ["sh", 1]}})", "/process/args/1",
       "expected string, got integer"},
      {"PRC-08", R"({"process": {"args": ["sh\u0000x"]}})", "/process/args/0",
       "must not contain a NUL byte"},
      {"PRC-06", R"({"process": {"env": ["A=\u0000"]}})", "/process/env/0",
       "must not contain a NUL byte"},
      {"CFG-04", R"({"process": []})", "/process", "expected object, got array"},
  });
  check_rows({AcceptedRow{"OPS-08", R"({"process": null})"}});
}

TEST_CASE("the console's size counts only with a terminal", "[oci-spec][PRC-01][PRC-03]") {
  check_rows({
      BrokenRow{"PRC-03", R"({"process": {"terminal": true, "consoleSize": {"height": 24}}})",
                "/process/consoleSize/width", "is required"},
      {"PRC-03", R"({"process": {"terminal": true, "consoleSize": {"height": -1, "width": 80}}})",
       "/process/consoleSize/height", "expected an integer from 0 to 65535, got -1"},
      {"PRC-03",
       R"({"process": {"terminal": true, "consoleSize": {"height": 24, "width": 65536}}})",
       "/process/consoleSize/width", "expected an integer from 0 to 65535, got 65536"},
      {"PRC-01", R"({"process": {"terminal": "yes"}})", "/process/terminal",
       "expected boolean, got string"},
  });
  check_rows({
      AcceptedRow{"PRC-03", R"({"process": {"terminal": false, "consoleSize": {"height": -1}}})"},
      {"PRC-03", R"({"process": {"consoleSize": "large"}})"},
  });
}

TEST_CASE("users are ids that exist", "[oci-spec][USR-01][USR-02][USR-03]") {
  check_rows({
      BrokenRow{"USR-01", R"({"process": {"user": {"uid": -1}}})", "/process/user/uid",
                "expected an integer from 0 to 4294967295, got -1"},
      {"USR-01", R"({"process": {"user": {"uid": 4294967295}}})", "/process/user/uid",
       "expected an integer from 0 to 4294967294, got 4294967295"},
      {"USR-01", R"({"process": {"user": {"gid": 4294967296}}})", "/process/user/gid",
       "expected an integer from 0 to 4294967295, got 4294967296"},
      {"USR-03", R"({"process": {"user": {"additionalGids": [1, 4294967295]}}})",
       "/process/user/additionalGids/1",
       "expected an integer from 0 to 4294967294, got 4294967295"},
      {"USR-02", R"({"process": {"user": {"umask": "022"}}})", "/process/user/umask",
       "expected integer, got string"},
      {"CFG-04", R"({"process": {"user": "root"}})", "/process/user",
       "expected object, got string"},
  });
  check_rows({AcceptedRow{"USR-01", R"({"process": {"user": null}})"},
              {"CFG-08", R"({"process": {"user": {"username": 7}, "commandLine": 7}})"}});
}

TEST_CASE("capabilities nobody knows are no problem of the document", "[oci-spec][CAP-03]") {
  check_rows(
      {AcceptedRow{"CAP-03", R"({"process": {"capabilities": {"bounding": ["CAP_NEW"]}}})"}});
  check_rows({BrokenRow{"CFG-04", R"({"process": {"capabilities": {"bounding": "CAP_KILL"}}})",
                        "/process/capabilities/bounding", "expected array, got string"}});
}

TEST_CASE("resource limits are known, single and ordered",
          "[oci-spec][RLM-01][RLM-02][RLM-03][RLM-04]") {
  check_rows({
      BrokenRow{"RLM-01",
                R"({"process": {"rlimits": [{"type": "RLIMIT_FOO", "soft": 1, "hard": 1}]}})",
                "/process/rlimits/0/type", "unknown resource limit `RLIMIT_FOO`"},
      {"RLM-02", R"({"process": {"rlimits": [{"type": "RLIMIT_CORE", "hard": 1}]}})",
       "/process/rlimits/0/soft", "is required"},
      {"RLM-02", R"({"process": {"rlimits": [{"type": "RLIMIT_CORE", "soft": 1}]}})",
       "/process/rlimits/0/hard", "is required"},
      {"RLM-02", R"({"process": {"rlimits": [{"type": "RLIMIT_CORE", "soft": -1, "hard": 1}]}})",
       "/process/rlimits/0/soft", "expected an integer from 0 to 18446744073709551615, got -1"},
      {"RLM-03",
       R"({"process": {"rlimits": [{"type": "RLIMIT_CPU", "soft": 1, "hard": 1},
           {"type": "RLIMIT_CORE", "soft": 1, "hard": 1},
           {"type": "RLIMIT_CPU", "soft": 2, "hard": 2}]}})",
       "/process/rlimits/2/type", "`RLIMIT_CPU` is given twice"},
      {"RLM-04", R"({"process": {"rlimits": [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]}})",
       "/process/rlimits/0/soft", "the soft limit 2 is above the hard limit 1"},
  });
}

TEST_CASE("scheduler settings fit their policy",
          "[oci-spec][SCH-01][SCH-02][SCH-03][SCH-04][SCH-05]") {
  check_rows({
      BrokenRow{"SCH-01", R"({"process": {"scheduler": {}}})", "/process/scheduler/policy",
                "is required"},
      {"SCH-01", R"({"process": {"scheduler": {"policy": "SCHED_EXT"}}})",
       "/process/scheduler/policy", "unknown scheduling policy `SCHED_EXT`"},
      {"SCH-02", R"({"process": {"scheduler": {"policy": "SCHED_OTHER", "nice": 20}}})",
       "/process/scheduler/nice", "expected an integer from -20 to 19, got 20"},
      {"SCH-02", R"({"process": {"scheduler": {"policy": "SCHED_BATCH", "nice": -21}}})",
       "/process/scheduler/nice", "expected an integer from -20 to 19, got -21"},
      {"SCH-03", R"({"process": {"scheduler": {"policy": "SCHED_FIFO", "priority": 100}}})",
       "/process/scheduler/priority", "expected an integer from 1 to 99, got 100"},
      {"SCH-03", R"({"process": {"scheduler": {"policy": "SCHED_RR"}}})",
       "/process/scheduler/priority", "expected an integer from 1 to 99, got 0"},
      {"SCH-03", R"({"process": {"scheduler": {"policy": "SCHED_OTHER", "priority": 1}}})",
       "/process/scheduler/priority", "is for SCHED_FIFO and SCHED_RR only"},
      {"SCH-04",
       R"({"process": {"scheduler": {"policy": "SCHED_IDLE", "flags": ["SCHED_FLAG_RECLAIM", "X"]}}})",
       "/process/scheduler/flags/1", "unknown scheduling flag `X`"},
      {"SCH-05", R"({"process": {"scheduler": {"policy": "SCHED_OTHER", "deadline": 5}}})",
       "/process/scheduler/deadline", "is for SCHED_DEADLINE only"},
  });
  check_rows({
      AcceptedRow{
          "SCH-05",
          R"({"process": {"scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1, "deadline": 2, "period": 3}}})"},
      {"SCH-03", R"({"process": {"scheduler": {"policy": "SCHED_FIFO", "priority": 10}}})"},
      {"SCH-01", R"({"process": {"scheduler": {"policy": "SCHED_ISO"}}})"},
  });
}

TEST_CASE("I/O priorities, OOM scores and CPU lists are in range",
          "[oci-spec][IOP-01][IOP-02][PRC-11][AFF-02][AFF-03]") {
  check_rows({
      BrokenRow{"IOP-01",
                R"({"process": {"ioPriority": {"class": "IOPRIO_CLASS_NONE", "priority": 1}}})",
                "/process/ioPriority/class", "unknown I/O priority class `IOPRIO_CLASS_NONE`"},
      {"IOP-01", R"({"process": {"ioPriority": {"priority": 1}}})", "/process/ioPriority/class",
       "is required"},
      {"IOP-02", R"({"process": {"ioPriority": {"class": "IOPRIO_CLASS_BE"}}})",
       "/process/ioPriority/priority", "is required"},
      {"IOP-02", R"({"process": {"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 9}}})",
       "/process/ioPriority/priority", "expected an integer from 0 to 7, got 9"},
      {"PRC-11", R"({"process": {"oomScoreAdj": 1001}})", "/process/oomScoreAdj",
       "expected an integer from -1000 to 1000, got 1001"},
      {"AFF-02", R"({"process": {"execCPUAffinity": {"initial": "0-"}}})",
       "/process/execCPUAffinity/initial", "expected a list of CPUs up to 8191, got `0-`"},
      {"AFF-03", R"({"process": {"execCPUAffinity": {"final": "all"}}})",
       "/process/execCPUAffinity/final", "expected a list of CPUs up to 8191, got `all`"},
  });
  check_rows(
      {AcceptedRow{"AFF-04",
                   R"({"process": {"execCPUAffinity": {"initial": "0-3,7", "final": ""}}})"},
       {"IOP-02", R"({"process": {"ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 0}}})"},
       {"IOP-02", R"({"process": {"ioPriority": {"class": "IOPRIO_CLASS_IDLE"}}})"}});
}

TEST_CASE("the process of exec has pointers of its own document", "[oci-spec][PRC-04]") {
  const auto parsed = parse_process(R"({"args": ["sh"], "cwd": "srv", "user": {"uid": "root"}})");

  CHECK(parsed.problems == std::vector<Problem>{{"/cwd", "expected an absolute path, got `srv`"},
                                                {"/user/uid", "expected integer, got string"}});
  CHECK(parse_process(R"({"args": ["sh"], "cwd": "/", "env": ["A=1"]})").problems.empty());
}

TEST_CASE("a process made without a document is validated the same", "[oci-spec][PRC-08]") {
  Process process;
  process.cwd = "/";

  CHECK(validate_process(process, "/process") ==
        std::vector<Problem>{{"/process/args", "is required, with at least one entry"}});
}

}  // namespace myrt::oci
