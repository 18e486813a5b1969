// Arguments of update -> the resources of the specification.
#pragma once

#include <string>

#include "oci-spec/spec.h"
#include "runtime/cli/arguments.h"
#include "runtime/myrt.h"
#include "sys/result.h"

namespace myrt::cli {

// The whole of a file, or of `input_fd` for "-".
Result<std::string> read_document(const std::string& path, int input_fd);

// --l3-cache-schema and --mem-bw-schema. They may stand beside --resources, whose document has no
// place for them.
RdtSchemas rdt_options(const OptionValues& options);

// With --resources, the document in that file, or on `input_fd` for "-", read to its end; no other
// option but those of rdt_options may stand beside it, since runc would drop that one. Otherwise
// one field for each option that was given. Errors: invalid_argument, invalid_config (the
// document), system.
Result<oci::Resources> resource_options(const OptionValues& options, int input_fd);

}  // namespace myrt::cli
