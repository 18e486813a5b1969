// `state`, `list`: reading containers without changing anything.
#include "oci-spec/documents.h"
#include "runtime/container/glance.h"
#include "runtime/container/status.h"
#include "runtime/myrt.h"
#include "sys/files.h"
#include "sys/share_out.h"

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

ContainerInfo describe(const container::Container& found) {
  return {.state = found.oci_state(),
          .extras = {.rootfs = found.state.rootfs, .created = found.state.created, .owner = {}}};
}

struct Listed {
  ContainerInfo info;  // but for the owner's name
  uid_t owner = 0;
};

Result<Listed> look_at(const std::string& root, const Result<container::Glance>& glance,
                       const std::string& id) {
  if (glance.ok()) {
    if (auto seen = glance->at(id, container::Extent::glance)) {
      return Listed{{.state = std::move(seen->state),
                     .extras = {.rootfs = std::move(seen->rootfs),
                                .created = std::move(seen->created),
                                .owner = {}}},
                    seen->owner};
    }
  }
  const auto found = TRY(container::find(root, id, container::Lock::none));
  const auto status = TRY(sys::stat_fd(found.directory.fd()));
  return Listed{describe(found), status.st_uid};
}

}  // namespace

Result<ContainerInfo> state(const Context& context, const std::string& id) {
  const auto found = TRY(container::find(context.root, id, container::Lock::none));
  return describe(found);
}

Result<std::vector<std::string>> list_ids(const Context& context) {
  return container::list_state_directories(context.root);
}

Result<std::vector<ContainerInfo>> list(const Context& context) {
  const auto ids = TRY(list_ids(context));
  constexpr std::size_t kWorthAThread = 100;
  std::vector<std::optional<Result<Listed>>> seen(ids.size());
  sys::share_out(ids.size(), kWorthAThread, [&](sys::Items& items) {
    const auto glance = container::Glance::open(context.root);
    while (const auto item = items.take()) {
      seen[*item].emplace(look_at(context.root, glance, ids[*item]));
    }
  });
  std::vector<ContainerInfo> containers;
  containers.reserve(ids.size());
  std::optional<std::pair<uid_t, std::string>> owner;  // nearly always the same for all
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Result<Listed>& listed = *seen[i];
    if (listed.ok()) {
      if (!owner || owner->first != listed->owner) {
        owner.emplace(listed->owner, user_name(listed->owner));
      }
      listed->info.extras.owner = owner->second;
      containers.push_back(std::move(listed->info));
    } else if (listed.error().code != ErrorCode::not_found) {  // that: deleted meanwhile
      context.warn(fmt::format("container `{}`: {}", ids[i], listed.error().message));
    }
  }
  return containers;
}

}  // namespace myrt
