#include "shim/dead_sockets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "sys/files.h"
#include "sys/seqpacket.h"

namespace myrt::shim {
namespace {

bool is_name_of_shim(std::string_view name) {
  constexpr std::size_t kDigits = 64;
  return name.size() == kDigits &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::set<std::string_view> bound_names(std::string_view table) {
  std::set<std::string_view> names;
  while (!table.empty()) {
    const std::string_view line = table.substr(0, table.find('\n'));
    table.remove_prefix(std::min(line.size() + 1, table.size()));
    const std::size_t slash = line.rfind('/');
    if (slash != std::string_view::npos) names.insert(line.substr(slash + 1));
  }
  return names;
}

}  // namespace

std::vector<std::string> unbound(const std::vector<std::string>& names, std::string_view table) {
  const std::set<std::string_view> bound = bound_names(table);
  std::vector<std::string> found;
  std::ranges::copy_if(names, std::back_inserter(found), [&](const std::string& name) {
    return is_name_of_shim(name) && !bound.contains(name);
  });
  return found;
}

void remove_dead_socket(const std::string& path) {
  struct stat before = {}, after = {};
  // connect(2) says of a plain file what it says of a dead socket.
  if (::lstat(path.c_str(), &before) != 0 || !S_ISSOCK(before.st_mode)) return;
  const auto connected = sys::connect_unix(path);
  if (connected.ok() || connected.error().errno_value != ECONNREFUSED) return;
  if (::lstat(path.c_str(), &after) == 0 && after.st_ino == before.st_ino) ::unlink(path.c_str());
}

void remove_dead_sockets(const std::string& directory) {
  const auto opened = sys::open(directory, O_RDONLY | O_DIRECTORY);
  if (!opened.ok()) return;
  const auto names = sys::list_directory(opened->get());
  // After the names: whoever had one by then, and lives, is in it. Other network namespaces'
  // sockets are not, but connect(2) knows them.
  const auto table = sys::read_kernel_file("/proc/net/unix");
  if (!names.ok() || !table.ok()) return;
  for (const std::string& name : unbound(*names, *table)) {
    remove_dead_socket(fmt::format("{}/{}", directory, name));
  }
}

}  // namespace myrt::shim
