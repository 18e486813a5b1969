#include <array>

#include "oci-spec/parse_sections.h"
#include "oci-spec/problem_text.h"

namespace myrt::oci {

// NOLINTBEGIN(misc-use-anonymous-namespace): argument-dependent lookup has to find these.
static void read_value(const JsonValue& json, NamespaceType& type) {
  // The order of the enumerators.
  constexpr std::array<std::string_view, 8> kNames = {"pid", "network", "mount",  "ipc",
                                                      "uts", "user",    "cgroup", "time"};
  if (!json.expect(JsonKind::string)) return;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (json.text() == kNames.at(i)) {
      type = static_cast<NamespaceType>(i);
      return;
    }
  }
  json.report("unknown namespace type " + quoted(json.text()));
}

static void read_members(const JsonValue& json, Namespace& entry) {
  json.required("type", entry.type);
  json.optional("path", entry.path);
}

static void read_members(const JsonValue& json, TimeOffset& offset) {
  json.optional("secs", offset.secs);
  json.optional_in("nanosecs", offset.nanosecs, {0, 999'999'999});  // time_namespaces(7)
}

static void read_members(const JsonValue& json, Device& device) {
  if (const auto type = json.member("type")) {
    constexpr std::string_view kTypes = "cbup";
    if (type->expect(JsonKind::string)) {
      if (type->size() == 1 && kTypes.find(type->text()) != std::string_view::npos) {
        device.type = type->text().front();
      } else {
        type->report("expected device type c, b, u or p, got " + quoted(type->text()));
      }
    }
  } else {
    json.report_member("type", "is required");
  }
  json.required("path", device.path);
  if (device.type != 'p') {  // a fifo has no numbers; those of the config mean nothing (DEV-05)
    // The kernel keeps 12 and 20 bits (MKDEV); mknod(2) would silently drop the rest.
    json.required_in("major", device.major, {0, 4095});
    json.required_in("minor", device.minor, {0, 1048575});
  }
  json.optional("fileMode", device.file_mode);
  json.optional("uid", device.uid);
  json.optional("gid", device.gid);
}

// A word that may be left out, but not be empty. One of the wrong type has its problem already.
static void read_word(const JsonValue& json, std::string_view name, std::string& out) {
  if (!json.optional(name, out) || !out.empty()) return;
  const auto word = json.member(name);
  if (word->kind() == JsonKind::string && word->text().empty()) word->report("must not be empty");
}

static void read_members(const JsonValue& json, NetDevice& device) {
  read_word(json, "name", device.name);
}

static void read_members(const JsonValue& json, IntelRdt& rdt) {
  json.optional("closID", rdt.clos_id);
  json.optional("schemata", rdt.schemata);
  json.optional("l3CacheSchema", rdt.l3_cache_schema);
  json.optional("memBwSchema", rdt.mem_bw_schema);
  json.optional("enableMonitoring", rdt.enable_monitoring);
}

static void read_members(const JsonValue& json, Personality& personality) {
  json.required("domain", personality.domain);
  std::vector<std::string> flags;
  json.optional("flags", flags);
  // "Currently no flag values are supported" (PER-02).
  if (!flags.empty()) json.report_member("flags", "no personality flags are defined");
}

static void read_members(const JsonValue& json, MemoryPolicy& policy) {
  json.required("mode", policy.mode);
  json.optional("nodes", policy.nodes);
  json.optional("flags", policy.flags);
}
// NOLINTEND(misc-use-anonymous-namespace)

void read_members(const JsonValue& json, Linux& linux_section) {
  json.optional("namespaces", linux_section.namespaces);
  json.optional("uidMappings", linux_section.uid_mappings);
  json.optional("gidMappings", linux_section.gid_mappings);
  json.optional("timeOffsets", linux_section.time_offsets);
  json.optional("devices", linux_section.devices);
  json.optional("netDevices", linux_section.net_devices);
  json.optional("cgroupsPath", linux_section.cgroups_path);
  json.optional("resources", linux_section.resources);
  json.optional("intelRdt", linux_section.intel_rdt);
  json.optional("sysctl", linux_section.sysctl);
  json.optional("seccomp", linux_section.seccomp);
  read_word(json, "rootfsPropagation", linux_section.rootfs_propagation);
  json.optional("maskedPaths", linux_section.masked_paths);
  json.optional("readonlyPaths", linux_section.readonly_paths);
  json.optional("mountLabel", linux_section.mount_label);
  json.optional("personality", linux_section.personality);
  json.optional("memoryPolicy", linux_section.memory_policy);
}

}  // namespace myrt::oci
