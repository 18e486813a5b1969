// config.json for a person who writes one: everything that is wrong with it or has no effect, each
// with its line, column and the part of the specification that it is about.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "oci-spec/spec.h"

namespace myrt::oci {

enum class Severity : unsigned char {
  error,    // the specification does not allow it
  host,     // valid, but this build, kernel or host cannot do it
  warning,  // it has no effect, or not the one that it seems to have
};

struct Remark {
  Severity severity = Severity::error;
  std::string pointer;  // RFC 6901; "" is the whole document
  std::string message;  // lower case, no full stop
  std::size_t line = 0,
              column = 0;   // of the value (of the name, for properties without effect); from 1
  std::string_view clause;  // "config-linux.md, Namespaces"
  bool operator==(const Remark&) const = default;
};

struct Inspection {
  Spec spec;                    // what could be read of it
  std::vector<Remark> remarks;  // in the order of the document
};

// All that parse_spec finds, and beside it the properties that nobody reads: unknown ones (CFG-03),
// those of another platform, and all but the last of equal names. Pure.
Inspection inspect_spec(std::string_view json);

// Fills in line, column and clause of remarks that have a pointer only, and puts all in the order
// of the document. Pure.
void locate(std::string_view json, std::vector<Remark>& remarks);

// The file and heading of runtime-spec 1.3 that specify what stands at `pointer`. Pure.
std::string_view clause_of(std::string_view pointer);

}  // namespace myrt::oci
