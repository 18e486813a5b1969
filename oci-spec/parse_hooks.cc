#include "oci-spec/parse_sections.h"

namespace myrt::oci {

// NOLINTBEGIN(misc-use-anonymous-namespace): argument-dependent lookup has to find read_members.
static void read_members(const JsonValue& json, Hook& hook) {
  json.required("path", hook.path);
  json.optional("args", hook.args);
  json.optional("env", hook.env);
  json.optional("timeout", hook.timeout);
}
// NOLINTEND(misc-use-anonymous-namespace)

void read_members(const JsonValue& json, Hooks& hooks) {
  json.optional("prestart", hooks.prestart);
  json.optional("createRuntime", hooks.create_runtime);
  json.optional("createContainer", hooks.create_container);
  json.optional("startContainer", hooks.start_container);
  json.optional("poststart", hooks.poststart);
  json.optional("poststop", hooks.poststop);
}

}  // namespace myrt::oci
