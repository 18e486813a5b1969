#include "oci-spec/parse_sections.h"

namespace myrt::oci {

// NOLINTBEGIN(misc-use-anonymous-namespace): argument-dependent lookup has to find read_members.
static void read_members(const JsonValue& json, SeccompArg& arg) {
  json.required("index", arg.index);
  json.required("value", arg.value);
  json.optional("valueTwo", arg.value_two);
  json.required("op", arg.op);
}

static void read_members(const JsonValue& json, SeccompSyscall& entry) {
  json.required("names", entry.names);
  json.required("action", entry.action);
  json.optional("errnoRet", entry.errno_ret);
  json.optional("args", entry.args);
}
// NOLINTEND(misc-use-anonymous-namespace)

void read_members(const JsonValue& json, Seccomp& seccomp) {
  json.required("defaultAction", seccomp.default_action);
  json.optional("defaultErrnoRet", seccomp.default_errno_ret);
  json.optional("architectures", seccomp.architectures);
  json.optional("flags", seccomp.flags);
  json.optional("listenerPath", seccomp.listener_path);
  json.optional("listenerMetadata", seccomp.listener_metadata);
  json.optional("syscalls", seccomp.syscalls);
}

}  // namespace myrt::oci
