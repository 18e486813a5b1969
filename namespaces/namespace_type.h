// The eight namespace types: their words in config.json, their CLONE_NEW* flags, their names below
// /proc/PID/ns.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "oci-spec/spec_linux.h"

namespace myrt::namespaces {

// The spec's word: "network".
std::string_view to_string(oci::NamespaceType type);
// CLONE_NEWNET and so on, as clone3(2), unshare(2) and setns(2) take them.
std::uint64_t clone_flag(oci::NamespaceType type);
// The name below /proc/PID/ns: "net".
std::string_view proc_name(oci::NamespaceType type);
// The type of exactly one CLONE_NEW* flag; nullopt for anything else.
std::optional<oci::NamespaceType> type_of_flag(std::uint64_t flag);

}  // namespace myrt::namespaces
