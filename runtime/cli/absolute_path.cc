#include "runtime/cli/absolute_path.h"

#include <unistd.h>

#include <array>
#include <climits>

#include "sys/paths.h"

namespace myrt::cli {

Result<std::string> absolute_path(std::string_view path) {
  if (!path.empty() && path[0] == '/') return sys::clean_absolute(path);
  std::array<char, PATH_MAX> directory;
  if (::getcwd(directory.data(), directory.size()) == nullptr) {
    return errno_error("getcwd", "find the current directory");
  }
  return sys::clean_absolute(fmt::format("{}/{}", directory.data(), path));
}

}  // namespace myrt::cli
