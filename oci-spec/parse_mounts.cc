#include "oci-spec/parse_sections.h"

namespace myrt::oci {

void read_members(const JsonValue& json, IdMapping& mapping) {
  json.required("containerID", mapping.container_id);
  json.required("hostID", mapping.host_id);
  json.required("size", mapping.size);
}

void read_members(const JsonValue& json, Mount& mount) {
  json.required("destination", mount.destination);
  json.optional("type", mount.type);
  json.optional("source", mount.source);
  json.optional("options", mount.options);
  json.optional("uidMappings", mount.uid_mappings);
  json.optional("gidMappings", mount.gid_mappings);
}

}  // namespace myrt::oci
