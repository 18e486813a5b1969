#include "runtime/cli/id_pattern.h"

#include <regex.h>

#include <array>
#include <memory>

namespace myrt::cli {

Result<std::vector<std::string>> matching_ids(const std::string& pattern,
                                              std::vector<std::string> ids) {
  regex_t expression;
  const int status = ::regcomp(&expression, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
  if (status != 0) {
    std::array<char, 128> reason;
    ::regerror(status, &expression, reason.data(), reason.size());
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("regular expression `{}`: {}", pattern, reason.data()));
  }
  const std::unique_ptr<regex_t, decltype(&::regfree)> owner(&expression, ::regfree);
  std::erase_if(ids, [&](const std::string& id) {
    return ::regexec(&expression, id.c_str(), 0, nullptr, 0) != 0;
  });
  return ids;
}

}  // namespace myrt::cli
