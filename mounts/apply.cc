#include "mounts/apply.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include "mounts/apply_steps.h"
#include "mounts/attributes.h"
#include "mounts/plan_steps.h"
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

// What a later entry mounts below one with recursive changes keeps its own flags: the changes are
// made before it comes. Only the mount itself stays writable until the end, for the targets in it.
Result<> settle_above(const Step& step, Workshop& workshop) {
  for (OwnMount& own : workshop.own_mounts) {
    if (own.mount_index == step.mount_index || !is_below(step.destination, own.destination)) {
      continue;
    }
    std::uint64_t set = 0;
    for (const AttributeChange& change : own.changes_at_the_end) {
      if (change.recursive == sys::Recursive::yes) set |= change.set;
    }
    if (set == 0) continue;
    TRY(change_attributes(own.fd.get(), own.changes_at_the_end));
    own.changes_at_the_end.clear();
    if ((set & MOUNT_ATTR_RDONLY) == 0) continue;
    constexpr AttributeChange kWritable{sys::Recursive::no, 0, MOUNT_ATTR_RDONLY, 0};
    TRY(change_attributes(own.fd.get(), {&kWritable, 1}));
    own.changes_at_the_end = {{sys::Recursive::no, MOUNT_ATTR_RDONLY, 0, 0}};
  }
  return {};
}

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

// Further steps have to do with few of the mounts; the fds of the others are done with.
Result<> attach_filesystem(const NewFilesystem& filesystem, const Step& step,
                           const Sources::Source& source, Workshop& workshop) {
  UniqueFd mount = TRY(mount_filesystem(filesystem, step.destination, source, workshop));
  if (step.destination == "/dev" || !filesystem.changes_at_the_end.empty()) {
    workshop.own_mounts.push_back(
        {step.mount_index, step.destination, std::move(mount), filesystem.changes_at_the_end});
  } else {
    workshop.done.add(std::move(mount));
  }
  return {};
}

Result<> attach_symlink(const Symlink& link, const std::string& destination,
                        const Workshop& workshop) {
  const sys::ParentAndName at = TRY(sys::make_parent_in_root(workshop.root_fd, destination));
  return make_symlink(link.text, at.parent.get(), at.name);
}

Result<Sources::Source> take_source_inside(const BindMount& bind, const Step& step, int root_fd,
                                           const std::function<Result<>(int)>& map_ids) {
  Sources::Source source = TRY(open_source_inside(bind, step, root_fd));
  if (!bind.id_mapping) return source;
  if (!map_ids) {
    return make_error(ErrorCode::unsupported, "an id mapping of a source inside the container");
  }
  TRY(map_ids(source.tree.get()));
  return source;
}

Result<> carry_out(const Step& step, Sources::Source& source, Workshop& workshop,
                   const std::function<Result<>(int)>& map_ids) {
  const std::string& destination = step.destination;
  TRY(settle_above(step, workshop));
  return std::visit(
      Overloaded{[&](const BindMount& bind) -> Result<> {
                   if (!bind.inside.empty()) {
                     source = TRY(take_source_inside(bind, step, workshop.root_fd, map_ids));
                   }
                   workshop.cover(destination);
                   TRY(attach_bind(bind, destination, source, workshop));
                   workshop.done.add(std::move(source.tree));
                   return {};
                 },
                 [&](const NewFilesystem& filesystem) {
                   workshop.cover(destination);
                   return attach_filesystem(filesystem, step, source, workshop);
                 },
                 [&](const Remount& change) {
                   return remount(change.options, destination, workshop.root_fd);
                 },
                 [&](const Symlink& link) { return attach_symlink(link, destination, workshop); }},
      step.action);
}

}  // namespace

Result<> attach_bind(const BindMount& bind, const std::string& destination, Sources::Source& source,
                     Workshop& workshop) {
  if (!source.symlink_text.empty()) {
    const sys::ParentAndName at = TRY(sys::make_parent_in_root(workshop.root_fd, destination));
    return make_symlink(source.symlink_text, at.parent.get(), at.name);
  }
  Target target = TRY(open_bind_target(bind, destination, source, workshop));
  TRY(check_not_inside_procfs(target, destination));
  TRY(face_attack(target, destination, workshop.root_fd));
  TRY(attach(source.tree.get(), target, destination));
  workshop.done.add(std::move(target.fd));
  return {};
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
    if (own.destination == destination || is_below(own.destination, destination)) {
      own.covered = true;
    }
  }
}

Result<> apply(const Plan& plan, Sources& sources, const Root& root, const MapIds& map_ids) {
  const ClearedUmask umask;
  Workshop workshop;
  workshop.root_fd = root.fd.get();
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    const auto map_tree = [&map_ids, i](int tree_fd) { return map_ids(i, tree_fd); };
    Result<> result = carry_out(step, sources.steps[i], workshop,
                                map_ids ? std::function<Result<>(int)>(map_tree) : nullptr);
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
