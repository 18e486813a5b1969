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

Result<Target> open_bind_target(const BindMount& bind, const std::string& destination,
                                const Sources::Source& source, const Workshop& workshop) {
  const int parent_fd = workshop.parent_of(destination);
  if (bind.is_directory && parent_fd >= 0) {
    return make_child_directory(parent_fd, destination.substr(destination.rfind('/') + 1));
  }
  const TargetKind kind = source.directory ? TargetKind::directory : TargetKind::file;
  if (bind.destination_nofollow) return open_target_nofollow(workshop.root_fd, destination, kind);
  if (bind.must_be_procfs) return open_real_directory(workshop.root_fd, destination);
  return open_target(workshop.root_fd, destination, kind);
}

Result<> attach_bind(const BindMount& bind, const std::string& destination, Sources::Source& source,
                     Workshop& workshop) {
  if (!source.symlink_text.empty()) {
    const sys::ParentAndName at = TRY(sys::make_parent_in_root(workshop.root_fd, destination));
    return make_symlink(source.symlink_text, at.parent.get(), at.name);
  }
  Target target = TRY(open_bind_target(bind, destination, source, workshop));
  TRY(check_not_inside_procfs(target, destination));
  TRY(attach(source.tree.get(), target, destination));
  workshop.done.add(std::move(target.fd));
  workshop.done.add(std::move(source.tree));
  return {};
}

Result<> attach_symlink(const Symlink& link, const std::string& destination,
                        const Workshop& workshop) {
  const sys::ParentAndName at = TRY(sys::make_parent_in_root(workshop.root_fd, destination));
  return make_symlink(link.text, at.parent.get(), at.name);
}

Result<> carry_out(const Step& step, Sources::Source& source, Workshop& workshop) {
  const std::string& destination = step.destination;
  return std::visit(
      Overloaded{[&](const BindMount& bind) {
                   workshop.cover(destination);
                   return attach_bind(bind, destination, source, workshop);
                 },
                 [&](const NewFilesystem& filesystem) {
                   workshop.cover(destination);
                   return mount_filesystem(filesystem, destination, workshop);
                 },
                 [&](const Remount& change) {
                   return remount(change.options, destination, workshop.root_fd);
                 },
                 [&](const Symlink& link) { return attach_symlink(link, destination, workshop); }},
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

int Workshop::parent_of(std::string_view destination) const {
  return mount_on(destination.substr(0, destination.rfind('/')));
}

int Workshop::mount_on(std::string_view destination) const {
  for (const OwnMount& own : own_mounts) {
    if (!own.covered && own.destination == destination) return own.fd.get();
  }
  return -1;
}

void Workshop::cover(std::string_view destination) {
  for (OwnMount& own : own_mounts) {
    if (own.destination == destination) own.covered = true;
  }
}

Result<> apply(const Plan& plan, Sources& sources, const Root& root) {
  const ClearedUmask umask;
  Workshop workshop;
  workshop.root_fd = root.fd.get();
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    Result<> result = carry_out(step, sources.steps[i], workshop);
    if (!result.ok()) {
      return std::move(result)
          .context(described(step))
          .at(fmt::format("/mounts/{}", step.mount_index));
    }
  }
  TRY(make_devices(plan, sources, root.fd.get(), workshop.mount_on("/dev")));
  for (const OwnMount& own : workshop.own_mounts) {
    TRY(change_attributes(own.fd.get(), own.changes_at_the_end));
  }
  for (OwnMount& own : workshop.own_mounts) workshop.done.add(std::move(own.fd));
  workshop.done.leave_open();
  return {};
}

}  // namespace myrt::mounts
