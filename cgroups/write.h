// Write: one value for one file of the container's cgroup, the unit that every resource becomes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace myrt::cgroups {

// The file that takes the setting where `Write::file` does not exist (io.bfq.weight/io.weight).
struct Alternative {
  std::string file, value;
  bool operator==(const Alternative&) const = default;
};

enum class OnMissing : std::uint8_t { error, skip };  // the file (or its controller) is not there
enum class OnDenied : std::uint8_t { error, skip };   // EPERM, EACCES

struct Write {
  std::string controller;  // whose hierarchy on v1, and what must be enabled on v2 ("" = core file)
  std::string file;        // "memory.max"
  std::string value;
  std::string pointer;  // JSON pointer of the setting, for errors
  OnMissing on_missing = OnMissing::error;
  OnDenied on_denied = OnDenied::error;
  // The kernel checks some files against each other (limit/memsw, quota/period/burst), so the order
  // that works depends on the old values: neighbours marked so are retried among each other on
  // EINVAL.
  bool interdependent = false;
  std::optional<Alternative> alternative = std::nullopt;
  bool operator==(const Write&) const = default;
};

using Writes = std::vector<Write>;

}  // namespace myrt::cgroups
