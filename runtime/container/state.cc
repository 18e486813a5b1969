// `state`, `list`: reading containers without changing anything.
#include "oci-spec/documents.h"
#include "runtime/container/status.h"
#include "runtime/myrt.h"
#include "sys/files.h"

namespace myrt {
namespace {

// The owner's name from the host's /etc/passwd, or the number: a static binary must not load NSS
// modules.
std::string user_name(uid_t uid) {
  const auto passwd = sys::read_file("/etc/passwd");
  std::string_view rest = passwd.ok() ? std::string_view(passwd.value()) : std::string_view();
  const std::string wanted = fmt::format(":{}:", uid);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const std::size_t name_end = line.find(':');
    const std::size_t password_end =
        name_end == std::string_view::npos ? name_end : line.find(':', name_end + 1);
    if (password_end != std::string_view::npos && line.substr(password_end).starts_with(wanted)) {
      return std::string(line.substr(0, name_end));
    }
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return fmt::format("{}", uid);
}

ContainerInfo describe(const container::Container& found, std::string owner) {
  return {
      .state = found.oci_state(),
      .extras = {
          .rootfs = found.state.rootfs, .created = found.state.created, .owner = std::move(owner)}};
}

}  // namespace

Result<ContainerInfo> state(const Context& context, const std::string& id) {
  const auto found = TRY(container::find(context.root, id, container::Lock::none));
  return describe(found, "");
}

Result<std::vector<std::string>> list_ids(const Context& context) {
  return container::list_state_directories(context.root);
}

Result<std::vector<ContainerInfo>> list(const Context& context) {
  std::vector<ContainerInfo> containers;
  std::optional<std::pair<uid_t, std::string>> owner;  // nearly always the same for all
  for (const std::string& id : TRY(list_ids(context))) {
    const auto found = container::find(context.root, id, container::Lock::none);
    if (!found.ok()) {
      if (found.error().code == ErrorCode::not_found) continue;  // deleted meanwhile
      context.warn(fmt::format("container `{}`: {}", id, found.error().message));
      continue;
    }
    const auto status = TRY(sys::stat_fd(found->directory.fd()));
    if (!owner || owner->first != status.st_uid)
      owner.emplace(status.st_uid, user_name(status.st_uid));
    containers.push_back(describe(*found, owner->second));
  }
  return containers;
}

}  // namespace myrt
