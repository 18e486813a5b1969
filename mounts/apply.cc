#include "mounts/apply.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include "mounts/apply_steps.h"
#include "mounts/attributes.h"
#include "sys/paths.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

// Modes of what is made here are exact.
class ClearedUmask {
 public:
  ClearedUmask() : old_(::umask(0)) {}
  ClearedUmask(const ClearedUmask&) = delete;
  ClearedUmask& operator=(const ClearedUmask&) = delete;
  ~ClearedUmask() { ::umask(old_); }

 private:
  mode_t old_;
};

// What the steps leave for the end.
struct Pending {
  UniqueFd dev;                     // the mount on /dev, when a step made it
  std::vector<UniqueFd> read_only;  // tmpfs that may not be written from then on
};

Result<> attach_bind(const BindMount& bind, const std::string& destination, Sources::Source& source,
                     int root_fd) {
  if (!source.symlink_text.empty()) {
    const sys::ParentAndName at = TRY(sys::make_parent_in_root(root_fd, destination));
    return make_symlink(source.symlink_text, at.parent.get(), at.name);
  }
  const TargetKind kind = source.directory ? TargetKind::directory : TargetKind::file;
  const Target target = bind.destination_nofollow
                            ? TRY(open_target_nofollow(root_fd, destination, kind))
                            : (bind.must_be_procfs ? TRY(open_real_directory(root_fd, destination))
                                                   : TRY(open_target(root_fd, destination, kind)));
  TRY(check_not_inside_procfs(target, destination));
  TRY(sys::move_mount_onto(source.tree.get(), target.fd.get(), destination));
  source.tree.reset();
  return {};
}

Result<> attach_filesystem(const NewFilesystem& filesystem, const std::string& destination,
                           const Sources::Source& source, int root_fd, Pending& pending) {
  UniqueFd mount = TRY(mount_filesystem(filesystem, destination,
                                        {root_fd, pending.dev.get(), source.user_namespace.get()}));
  if (filesystem.read_only_at_the_end) {
    pending.read_only.push_back(std::move(mount));
  } else if (destination == "/dev") {
    pending.dev = std::move(mount);
  }
  return {};
}

Result<> attach_symlink(const Symlink& link, const std::string& destination, int root_fd) {
  const sys::ParentAndName at = TRY(sys::make_parent_in_root(root_fd, destination));
  return make_symlink(link.text, at.parent.get(), at.name);
}

Result<> carry_out(const Step& step, Sources::Source& source, int root_fd, Pending& pending) {
  const std::string& destination = step.destination;
  return std::visit(
      Overloaded{
          [&](const BindMount& bind) {
            if (destination == "/dev") pending.dev.reset();  // it is covered from now on
            return attach_bind(bind, destination, source, root_fd);
          },
          [&](const NewFilesystem& filesystem) {
            return attach_filesystem(filesystem, destination, source, root_fd, pending);
          },
          [&](const Remount& change) { return remount(change.options, destination, root_fd); },
          [&](const Symlink& link) { return attach_symlink(link, destination, root_fd); }},
      step.action);
}

std::string described(const Step& step) {
  const std::string where = fmt::format("mounts[{}]: ", step.mount_index);
  const std::string& destination = step.destination;
  return where +
         std::visit(
             Overloaded{[&](const BindMount& bind) {
                          return fmt::format("mount `{}` to `{}`", bind.source, destination);
                        },
                        [&](const NewFilesystem& filesystem) {
                          return fmt::format("mount `{}` to `{}`", filesystem.fstype, destination);
                        },
                        [&](const Remount&) { return fmt::format("remount `{}`", destination); },
                        [&](const Symlink& link) {
                          return fmt::format("link `{}` to `{}`", destination, link.text);
                        }},
             step.action);
}

}  // namespace

Result<> apply(const Plan& plan, Sources& sources, const Root& root) {
  const ClearedUmask umask;
  Pending pending;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    Result<> result = carry_out(step, sources.steps[i], root.fd.get(), pending);
    if (!result.ok()) {
      return std::move(result)
          .context(described(step))
          .at(fmt::format("/mounts/{}", step.mount_index));
    }
  }
  TRY(make_devices(plan, sources, root.fd.get(), pending.dev.get()));
  constexpr AttributeChange kReadOnly{sys::Recursive::no, MOUNT_ATTR_RDONLY, 0, 0};
  for (const UniqueFd& mount : pending.read_only) {
    TRY(change_attributes(mount.get(), {&kReadOnly, 1}));
  }
  return {};
}

}  // namespace myrt::mounts
