#include "runtime/init/keyring.h"

#include <fmt/format.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>

namespace myrt::init {
namespace {

// Permission bits of keyctl_setperm(3).
constexpr std::uint32_t kOwnerSearch = 0x00080000;
constexpr std::uint32_t kOthersSearch = 0x00000008;

// KEYCTL_DESCRIBE answers "type;uid;gid;permissions in hex;description".
Result<std::uint32_t> read_permissions(long key) {
  std::array<char, 512> text{};
  const long size = ::syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, text.data(), text.size());
  if (size < 0) return errno_error("keyctl", "describe the session keyring");

  std::string_view rest(text.data());
  for (int field = 0; field < 3; ++field) {
    const std::size_t end = rest.find(';');
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  std::uint32_t permissions = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), permissions, 16);
  if (parsed.ec != std::errc() || parsed.ptr == rest.data() + rest.size() || *parsed.ptr != ';') {
    return make_error(ErrorCode::internal,
                      fmt::format("describe the session keyring: `{}`", text.data()));
  }
  return permissions;
}

}  // namespace

Result<> join_session_keyring(const std::string& container_id, KeyringSearch search) {
  const std::string name = "_ses." + container_id;
  const long key = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.c_str());
  if (key < 0) {
    if (errno == ENOSYS) return {};
    const int error = errno;
    return errno_error("keyctl", fmt::format("join session keyring `{}`", name), error);
  }
  const std::uint32_t needed = search == KeyringSearch::owner ? kOwnerSearch : kOthersSearch;
  const std::uint32_t permissions = TRY(read_permissions(key));
  // A process added by exec finds them set, and may not be the owner who can.
  if ((permissions & needed) == needed) return {};
  if (::syscall(SYS_keyctl, KEYCTL_SETPERM, key, permissions | needed) != 0) {
    const int error = errno;
    return errno_error("keyctl", fmt::format("open session keyring `{}` to its users", name),
                       error);
  }
  return {};
}

}  // namespace myrt::init
