// Rows for table tests: a small valid config, changed by a JSON merge patch (RFC 7396).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace myrt::oci {

struct BrokenRow {
  std::string_view rule;     // the checklist's ID
  std::string_view patch;    // what to change; null removes a member
  std::string_view pointer;  // of the one problem that there must be
  std::string_view message;
};

struct AcceptedRow {
  std::string_view rule;
  std::string_view patch;
};

// The small config with the patch applied.
std::string patched_config(std::string_view patch);

// One section per row.
void check_rows(std::initializer_list<BrokenRow> rows);
void check_rows(std::initializer_list<AcceptedRow> rows);

}  // namespace myrt::oci
