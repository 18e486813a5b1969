// `state`, `list`: reading containers without changing anything.
#include "oci-spec/documents.h"
#include "runtime/container/glance.h"
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
  const auto ids = TRY(list_ids(context));
  std::vector<ContainerInfo> containers;
  if (ids.empty()) return containers;
  containers.reserve(ids.size());
  const auto glance = TRY(container::Glance::open(context.root));
  std::optional<std::pair<uid_t, std::string>> owner;  // nearly always the same for all
  const auto name_of = [&](uid_t uid) -> const std::string& {
    if (!owner || owner->first != uid) owner.emplace(uid, user_name(uid));
    return owner->second;
  };
  for (const std::string& id : ids) {
    if (auto seen = glance.at(id, container::Extent::glance)) {
      containers.push_back({.state = std::move(seen->state),
                            .extras = {.rootfs = std::move(seen->rootfs),
                                       .created = std::move(seen->created),
                                       .owner = name_of(seen->owner)}});
      continue;
    }
    const auto found = container::find(context.root, id, container::Lock::none);
    if (found.ok()) {
      const auto status = TRY(sys::stat_fd(found->directory.fd()));
      containers.push_back(describe(*found, name_of(status.st_uid)));
    } else if (found.error().code != ErrorCode::not_found) {  // that: deleted meanwhile
      context.warn(fmt::format("container `{}`: {}", id, found.error().message));
    }
  }
  return containers;
}

}  // namespace myrt
