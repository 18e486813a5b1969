#include "oci-spec/validate.h"

#include <fmt/format.h>

#include <algorithm>

#include "oci-spec/problem_text.h"
#include "oci-spec/rule_report.h"
#include "oci-spec/rule_syntax.h"

namespace myrt::oci {
namespace {

// VER-01, VER-02, VER-04. A newer minor version is run (VER-03): it only adds properties, and
// unknown ones are ignored anyway.
void check_version(const Spec& spec, RuleReport& report) {
  if (!is_semantic_version(spec.oci_version)) {
    report.broken("/ociVersion", "expected a semantic version, got " + quoted(spec.oci_version));
  } else if (!spec.oci_version.starts_with("1.")) {
    report.broken("/ociVersion", "expected major version 1, got " + quoted(spec.oci_version));
  }
}

void check_root(const Spec& spec, RuleReport& report) {
  if (!spec.root) {
    report.broken("/root", "is required");  // ROO-01
  } else if (spec.root->path.empty()) {
    report.broken("/root/path", "must not be empty");  // ROO-02
  }
}

bool has_option(const Mount& mount, std::string_view option) {
  return std::find(mount.options.begin(), mount.options.end(), option) != mount.options.end();
}

bool has_user_namespace(const Spec& spec) {
  return spec.linux && find_namespace(*spec.linux, NamespaceType::user) != nullptr;
}

// IDM-02, IDM-07.
void check_idmapped_mount(const Spec& spec, const Mount& mount, const std::string& base,
                          RuleReport& report) {
  check_id_mappings(mount.uid_mappings, base + "/uidMappings", report);
  check_id_mappings(mount.gid_mappings, base + "/gidMappings", report);
  if (mount.uid_mappings.empty() != mount.gid_mappings.empty()) {
    const bool lacks_uids = mount.uid_mappings.empty();
    report.broken(base + (lacks_uids ? "/uidMappings" : "/gidMappings"),
                  lacks_uids ? "is required beside gidMappings" : "is required beside uidMappings",
                  {base});
  }
  if (!mount.uid_mappings.empty() || !mount.gid_mappings.empty()) return;
  for (std::size_t i = 0; i < mount.options.size(); ++i) {
    const std::string& option = mount.options[i];
    if ((option == "idmap" || option == "ridmap") && !has_user_namespace(spec)) {
      report.broken(fmt::format("{}/options/{}", base, i),
                    quoted(option) + " needs uidMappings and gidMappings, or a user namespace",
                    {base, "/linux/namespaces"});
    }
  }
}

void check_mounts(const Spec& spec, RuleReport& report) {
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
    const Mount& mount = spec.mounts[i];
    const std::string base = fmt::format("/mounts/{}", i);
    // A relative destination is one from "/" (MNT-02).
    if (mount.destination.empty()) report.broken(base + "/destination", "must not be empty");
    const bool is_bind =
        mount.type == "bind" || has_option(mount, "bind") || has_option(mount, "rbind");
    if (is_bind && mount.source.empty() && !has_option(mount, "remount")) {
      report.broken(base + "/source", "is required for a bind mount", {base});  // MNT-05
    }
    check_idmapped_mount(spec, mount, base, report);
  }
}

// HST-01, HST-02: without an own UTS namespace it would be the host's name that changes.
void check_host_name(const Spec& spec, const std::string& name, const std::string& pointer,
                     RuleReport& report) {
  if (name.empty()) return;
  constexpr std::size_t kMaxLength = 64;  // sethostname(2)
  if (name.size() > kMaxLength) {
    report.broken(pointer,
                  fmt::format("expected at most {} bytes, got {}", kMaxLength, name.size()));
  }
  if (!spec.linux || find_namespace(*spec.linux, NamespaceType::uts) == nullptr) {
    report.broken(pointer, "needs a uts namespace", {"/linux/namespaces"});
  }
}

void check_hooks(const std::vector<Hook>& hooks, std::string_view kind, RuleReport& report) {
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    if (!is_absolute(hooks[i].path)) {  // HOK-02
      report.broken(fmt::format("/hooks/{}/{}/path", kind, i),
                    expected_absolute_path(hooks[i].path));
    }
    if (hooks[i].timeout && *hooks[i].timeout <= 0) {  // HOK-05
      report.broken(fmt::format("/hooks/{}/{}/timeout", kind, i),
                    fmt::format("expected a timeout above 0, got {}", *hooks[i].timeout));
    }
  }
}

}  // namespace

const Namespace* find_namespace(const Linux& linux_section, NamespaceType type) {
  for (const Namespace& entry : linux_section.namespaces) {
    if (entry.type == type) return &entry;
  }
  return nullptr;
}

// IDS-01; the limits are those of user_namespaces(7): 2^32 - 1 is no id, and a range has at least
// one.
void check_id_mappings(const std::vector<IdMapping>& mappings, const std::string& base,
                       RuleReport& report) {
  constexpr std::uint64_t kEnd = 4294967295U;
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const IdMapping& mapping = mappings[i];
    if (mapping.size == 0) {
      report.broken(fmt::format("{}/{}/size", base, i), expected_integer(1, kEnd, "0"));
    }
    const std::uint64_t first = std::max(mapping.container_id, mapping.host_id);
    if (first + mapping.size > kEnd) {
      report.broken(fmt::format("{}/{}", base, i),
                    fmt::format("{} ids from {} go beyond {}", mapping.size, first, kEnd - 1));
    }
  }
}

void check_spec(const Spec& spec, RuleReport& report) {
  check_version(spec, report);
  check_root(spec, report);
  check_mounts(spec, report);
  if (spec.process) check_process(*spec.process, "/process", report);  // absent is legal (OPS-08)
  check_host_name(spec, spec.hostname, "/hostname", report);
  check_host_name(spec, spec.domainname, "/domainname", report);
  check_hooks(spec.hooks.prestart, "prestart", report);
  check_hooks(spec.hooks.create_runtime, "createRuntime", report);
  check_hooks(spec.hooks.create_container, "createContainer", report);
  check_hooks(spec.hooks.start_container, "startContainer", report);
  check_hooks(spec.hooks.poststart, "poststart", report);
  check_hooks(spec.hooks.poststop, "poststop", report);
  if (spec.annotations.count("") > 0) {  // ANN-01
    report.broken("/annotations/", "expected a name that is not empty");
  }
  if (spec.linux) check_linux(*spec.linux, report);
}

std::vector<Problem> validate(const Spec& spec) {
  RuleReport report;
  check_spec(spec, report);
  return report.take();
}

std::vector<Problem> validate_process(const Process& process, const std::string& base_pointer) {
  RuleReport report;
  check_process(process, base_pointer, report);
  return report.take();
}

std::vector<Problem> validate_resources(const Resources& resources,
                                        const std::string& base_pointer) {
  RuleReport report;
  check_resources(resources, base_pointer, report);
  return report.take();
}

}  // namespace myrt::oci
