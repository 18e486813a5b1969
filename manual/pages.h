// The manual pages, from the options table, the error codes and the texts. Pure.
#pragma once

#include <string>
#include <vector>

#include "sys/result.h"

namespace myrt::manual {

struct Page {
  std::string file;  // "man1/myrt-run.1"
  std::string text;
};

struct Edition {
  std::string version;
  std::string date;  // 2026-01-31
};

// Errors: internal when a command has no text: the manual would be incomplete.
Result<std::vector<Page>> pages(const Edition& edition);

}  // namespace myrt::manual
