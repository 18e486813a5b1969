// config.json and its relatives -> oci structs; every problem of a document is found in one pass.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oci-spec/spec.h"
#include "sys/result.h"

namespace myrt::oci {

// One thing that is wrong with a document.
struct Problem {
  std::string pointer;  // RFC 6901, e.g. "/linux/resources/pids/limit"; "" is the whole document
  std::string message;  // "expected integer, got string"; lower case, no full stop
  bool operator==(const Problem&) const = default;
};

template <class T>
struct Parsed {
  T value;
  std::vector<Problem> problems;  // empty: `value` is complete and valid
};

// JSON syntax, types, ranges and enums, and then the cross-field rules of the spec
// (oci-spec/validate.h). Pure.
Parsed<Spec> parse_spec(std::string_view json);
// The `process` object on its own, as `exec --process` gets it.
Parsed<Process> parse_process(std::string_view json);
// The `resources` object on its own, as `update --resources` gets it.
Parsed<Resources> parse_resources(std::string_view json);
// The `mounts` array on its own or as the member of an object, as `mounts add` gets it. Rules of
// single mounts are the planner's: what is read here has the right types.
Parsed<std::vector<Mount>> parse_mounts(std::string_view json);

// All problems (at least one) as one Error{invalid_config}: the first one's pointer, and every
// problem in the message ("/process/cwd: expected an absolute path, got `a`; /root: is required").
Error to_error(const std::vector<Problem>& problems);

// `key` as one token of a JSON pointer: `~` becomes `~0` and `/` becomes `~1` (RFC 6901, section
// 3).
std::string pointer_token(std::string_view key);

}  // namespace myrt::oci
