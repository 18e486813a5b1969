// The cross-field MUSTs of the runtime-spec on a parsed config; each rule cites its checklist ID.
#pragma once

#include <vector>

#include "oci-spec/parse.h"
#include "oci-spec/spec.h"

namespace myrt::oci {

// Rules that need only the document: no host facts, no syscalls. parse_spec has already run it.
std::vector<Problem> validate(const Spec& spec);
std::vector<Problem> validate_process(const Process& process, const std::string& base_pointer);
std::vector<Problem> validate_resources(const Resources& resources,
                                        const std::string& base_pointer);

}  // namespace myrt::oci
