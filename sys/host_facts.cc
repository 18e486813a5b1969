#include "sys/host_facts.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "sys/files.h"

namespace myrt::sys {

bool is_initial_uid_map(std::string_view uid_map) {
  constexpr std::array<std::string_view, 3> kInitial = {"0", "0", "4294967295"};
  constexpr std::string_view kBlanks = " \t\n";
  for (const std::string_view expected : kInitial) {
    const std::size_t begin = uid_map.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return false;
    uid_map.remove_prefix(begin);
    const std::size_t end = std::min(uid_map.find_first_of(kBlanks), uid_map.size());
    if (uid_map.substr(0, end) != expected) return false;
    uid_map.remove_prefix(end);
  }
  // A second line would map ids in another way.
  return uid_map.find_first_not_of(kBlanks) == std::string_view::npos;
}

Result<bool> in_initial_user_namespace(const Procfs& procfs) {
  // The initial one has the same number on every kernel (PROC_USER_INIT_INO). Another may still be
  // one that maps all ids as they are.
  constexpr std::string_view kInitial = "user:[4026531837]";
  std::array<char, kInitial.size() + 1> link;
  const ssize_t size = ::readlinkat(procfs.fd(), "self/ns/user", link.data(), link.size());
  if (size > 0 && std::string_view(link.data(), static_cast<std::size_t>(size)) == kInitial) {
    return true;
  }
  const UniqueFd fd = TRY(procfs.open_at("self/uid_map", O_RDONLY));
  // A first line that maps all ids leaves none for a second, and the first is always read.
  return is_initial_uid_map(TRY(read_kernel_file(fd.get(), "/proc/self/uid_map")));
}

}  // namespace myrt::sys
