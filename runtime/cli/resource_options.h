// Arguments of update -> the resources of the specification.
#pragma once

#include "oci-spec/spec.h"
#include "runtime/cli/arguments.h"
#include "sys/result.h"

namespace myrt::cli {

// With --resources, the document in that file, or on `input_fd` for "-", read to its end; no other
// option may stand beside it, since runc would drop that one. Otherwise one field for each option
// that was given. Errors: invalid_argument, invalid_config (the document), system.
Result<oci::Resources> resource_options(const OptionValues& options, int input_fd);

}  // namespace myrt::cli
