// `features` and `spec`: documents that tell what this build can do and how to begin.
#include "oci-spec/documents.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include "capabilities/names.h"
#include "mounts/options.h"
#include "runtime/init/process_attributes.h"
#include "runtime/myrt.h"
#include "runtime/plan/annotations.h"
#include "seccomp/names.h"

namespace myrt {
namespace {

// With pure cgroup v2 a container is expected to see its own cgroup only, as runc's default config
// has it.
bool pure_cgroup_v2() {
  struct statfs filesystem = {};
  return ::statfs("/sys/fs/cgroup", &filesystem) == 0 && filesystem.f_type == CGROUP2_SUPER_MAGIC;
}

}  // namespace

std::string features() {
  const Version build = version();
  oci::FeatureFacts facts;
  facts.mount_options = mounts::option_names();
  facts.capabilities = capabilities::all_names();
  facts.seccomp_actions = seccomp::action_names();
  facts.seccomp_operators = seccomp::operator_names();
  facts.seccomp_archs = seccomp::arch_names();
  facts.seccomp_known_flags = seccomp::known_flags();
  facts.seccomp_supported_flags = seccomp::supported_flags();
  facts.memory_policy_modes = init::memory_policy_modes();
  facts.memory_policy_flags = init::memory_policy_flags();
  facts.unsafe_annotations = plan::unsafe_annotations();
  facts.systemd_cgroup = true;
  facts.intel_rdt = true;
  facts.checkpoint = true;
  facts.unsafe_annotations.emplace_back("org.criu.config");
  facts.version = build.version;
  facts.commit = build.commit;
  facts.libseccomp_version = build.libseccomp;
  return oci::features_json(facts);
}

std::string default_spec(Switch rootless, uid_t uid, gid_t gid) {
  return oci::default_spec_json(
      {.rootless = rootless == Switch::on ? oci::Rootless::yes : oci::Rootless::no,
       .host_uid = uid,
       .host_gid = gid,
       .cgroup_namespace = pure_cgroup_v2()});
}

}  // namespace myrt
