// Readers of the config's sections, one .cc per section. Each reads the members of a JSON object
// that json_reader.h has checked to be one. Private to this folder.
#pragma once

#include "oci-spec/json_reader.h"
#include "oci-spec/spec.h"

namespace myrt::oci {

// What parse_spec makes of a document that its caller keeps. parse_spec.cc
Parsed<Spec> parse_spec(JsonDocument& document);

void read_members(const JsonValue& json, Spec& spec);            // parse_spec.cc
void read_members(const JsonValue& json, Process& process);      // parse_process.cc
void read_members(const JsonValue& json, Mount& mount);          // parse_mounts.cc
void read_members(const JsonValue& json, IdMapping& mapping);    // parse_mounts.cc
void read_members(const JsonValue& json, Hooks& hooks);          // parse_hooks.cc
void read_members(const JsonValue& json, Linux& linux_section);  // parse_linux.cc
void read_members(const JsonValue& json, Resources& resources);  // parse_resources.cc
void read_members(const JsonValue& json, Seccomp& seccomp);      // parse_seccomp.cc

}  // namespace myrt::oci
