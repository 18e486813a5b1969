// crun's annotations: which count, which are refused, and which are nobody's business.
#include "runtime/plan/annotations.h"

#include "tests/support/catch.h"

namespace myrt::plan {
namespace {

TEST_CASE("annotations that are honoured need values that can be", "[plan][ANN-02]") {
  CHECK(check_annotations({{"run.oci.hooks.stdout", "/var/log/hooks"},
                           {"run.oci.hooks.stderr", "/var/log/hooks"},
                           {"run.oci.pidfd_receiver", "/run/engine.sock"},
                           {"run.oci.keep_original_groups", "1"},
                           {"org.example.unknown", ""},
                           {"run.oci.from.tomorrow", "x"}})
            .ok());
  const auto relative = check_annotations({{"run.oci.hooks.stdout", "hooks.log"}});
  REQUIRE_FALSE(relative.ok());
  CHECK(relative.error().code == ErrorCode::invalid_config);
  CHECK(relative.error().pointer == "/annotations/run.oci.hooks.stdout");
}

TEST_CASE("what would make another container of it is refused by name", "[plan]") {
  for (const char* name : {"run.oci.handler", "run.oci.seccomp_bpf_data", "run.oci.seccomp.plugins",
                           "run.oci.seccomp_fail_unknown_syscall", "run.oci.delegate-cgroup",
                           "run.oci.systemd.force_cgroup_v1"}) {
    const auto refused = check_annotations({{name, "x"}});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::unsupported);
    CHECK(refused.error().message == fmt::format("annotation `{}` is not supported", name));
    CHECK(refused.error().pointer == fmt::format("/annotations/{}", name));
  }
}

TEST_CASE("features names the annotations that reach beyond the container", "[plan]") {
  CHECK(unsafe_annotations() ==
        std::vector<std::string>{"run.oci.hooks.stderr", "run.oci.hooks.stdout",
                                 "run.oci.keep_original_groups", "run.oci.mount_context_type",
                                 "run.oci.pidfd_receiver"});
}

}  // namespace
}  // namespace myrt::plan
