// The reports of `validate`, `effective`, `gc` and `doctor` for people. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/myrt.h"

namespace myrt::cli {

enum class Colour : std::uint8_t { off, on };

// `FILE:LINE:COLUMN: error: POINTER: MESSAGE [CLAUSE]` for each remark, as compilers write it and
// editors follow it, and a last line that counts.
std::string validation_text(const Validation& validation, Colour colour);

// One line for each field: name, what applies, and for one that differs what was asked.
enum class Fields : std::uint8_t { all, differing };
std::string effective_text(const Effective& effective, Fields fields, Colour colour);

// A line for each container, and one for each thing that it held.
std::string gc_text(const std::vector<Reclaimed>& reclaimed, Switch dry_run);

// One line for each check; below one that is not ok its consequence and what fixes it.
std::string doctor_text(const std::vector<Diagnosis>& diagnoses, Colour colour);

}  // namespace myrt::cli
