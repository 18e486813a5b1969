#include <sys/mount.h>

#include "mounts/plan_steps.h"

namespace myrt::mounts {
namespace {

using sys::Recursive;

struct PropagationWord {
  std::string_view name;
  std::uint64_t type;
};
constexpr PropagationWord kPropagationWords[] = {{"private", MS_PRIVATE},
                                                 {"shared", MS_SHARED},
                                                 {"slave", MS_SLAVE},
                                                 {"unbindable", MS_UNBINDABLE}};

// Whether `next` leaves nothing of a base propagation that was set before it.
bool replaces(const Propagation& next, std::uint64_t base, Recursive tree) {
  if (tree == Recursive::yes && next.recursive == Recursive::no) return false;
  return next.type == MS_PRIVATE || next.type == MS_UNBINDABLE || next.type == base;
}

bool changes_something(const AttributeChange& change) {
  return change.set != 0 || change.clear != 0 || change.locked != 0;
}

// Adds attributes to the first call from `begin` on with the same reach, or as a call of its own.
// Returns the call's index.
std::size_t add_attributes(std::vector<AttributeChange>& changes, std::size_t begin,
                           const AttributeChange& wanted) {
  for (std::size_t i = begin; i < changes.size(); ++i) {
    AttributeChange& call = changes[i];
    if (call.recursive != wanted.recursive || changes_something(call)) continue;
    call.set = wanted.set;
    call.clear = wanted.clear;
    call.locked = wanted.locked;
    return i;
  }
  changes.push_back(wanted);
  return changes.size() - 1;
}

// What a mount that comes into a less privileged mount namespace may not lose there, beside its
// access times (mount_namespaces(7)). MOUNT_ATTR_NOSYMFOLLOW is not among them.
constexpr std::uint64_t kLockable =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
constexpr std::uint64_t kAccessTime = std::uint64_t{MOUNT_ATTR__ATIME} | MOUNT_ATTR_NODIRATIME;

// What mount(2) makes of these flags: strictatime wins over noatime, and both over relatime, which
// is also what a lone nodiratime comes with.
std::uint64_t access_time_attributes(std::uint64_t flags) {
  std::uint64_t attributes = MOUNT_ATTR_RELATIME;
  if ((flags & MS_NOATIME) != 0) attributes = MOUNT_ATTR_NOATIME;
  if ((flags & MS_STRICTATIME) != 0) attributes = MOUNT_ATTR_STRICTATIME;
  if ((flags & MS_NODIRATIME) != 0) attributes |= MOUNT_ATTR_NODIRATIME;
  return attributes;
}

// What the words of the mount itself ask for.
AttributeChange own_change(const ParsedOptions& options, Unnamed unnamed) {
  AttributeChange change{Recursive::no, options.set, options.clear, 0};
  if (unnamed == Unnamed::kept || !options.names_attribute) return change;
  change.set &= ~kAccessTime;
  change.clear = MOUNT_ATTR_NOSYMFOLLOW | (options.clear & kLockable);
  if (options.access_time != 0) {
    change.set |= access_time_attributes(options.access_time);
    change.clear |= kAccessTime;
  }
  if (unnamed == Unnamed::cleared) {
    change.clear |= kLockable;
  } else {
    change.locked = options.clear & kLockable;
    if (options.access_time != 0) change.locked |= kAccessTime;
  }
  change.clear &= ~(change.set & ~std::uint64_t{MOUNT_ATTR__ATIME});
  return change;
}

// What the recursive words ask for. Where we keep the locks, they clear no lockable attribute: the
// mount itself may not have it, and what is mounted below it keeps what it has.
AttributeChange recursive_change(const ParsedOptions& options, Unnamed unnamed) {
  AttributeChange change{Recursive::yes, options.recursive_set, options.recursive_clear, 0};
  if (unnamed == Unnamed::unlocked) {
    change.locked = change.clear & kLockable;
    change.clear &= ~kLockable;
  }
  return change;
}

// One call with the effect of both on a mount that has nothing below it.
AttributeChange merged(const AttributeChange& recursive, const AttributeChange& own) {
  AttributeChange change = own;
  change.set |= recursive.set;
  change.clear |= recursive.clear & ~own.set;
  change.locked |= recursive.locked;
  return change;
}

}  // namespace

Result<Propagation> parse_propagation(std::string_view word, std::string_view pointer) {
  if (word.empty()) return Propagation{};
  for (const PropagationWord& known : kPropagationWords) {
    if (word == known.name) return Propagation{known.type, Recursive::no};
    if (word.starts_with('r') && word.substr(1) == known.name) {
      return Propagation{known.type, Recursive::yes};
    }
  }
  return config_error(std::string(pointer), fmt::format("unknown propagation `{}`", word));
}

std::uint64_t new_mount_attributes(const ParsedOptions& options) {
  return (options.recursive_set & ~options.clear) | options.set;
}

std::vector<AttributeChange> propagation_changes(const ParsedOptions& options) {
  std::vector<AttributeChange> changes;
  for (const Propagation& word : options.propagation) {
    changes.push_back({Recursive::no, 0, 0, word.type});
  }
  return changes;
}

std::vector<AttributeChange> bind_changes(const ParsedOptions& options,
                                          std::uint64_t base_propagation, Unnamed unnamed) {
  const Recursive tree = options.bind == Bind::rbind ? Recursive::yes : Recursive::no;
  std::vector<AttributeChange> changes;
  const bool replaced =
      !options.propagation.empty() && replaces(options.propagation.front(), base_propagation, tree);
  if (base_propagation != 0 && !replaced) changes.push_back({tree, 0, 0, base_propagation});
  for (const Propagation& word : options.propagation) {
    const Recursive reach = tree == Recursive::yes ? word.recursive : Recursive::no;
    changes.push_back({reach, 0, 0, word.type});
  }
  AttributeChange own = own_change(options, unnamed);
  AttributeChange recursive = recursive_change(options, unnamed);
  // "rro,rw" leaves the top writable; "rro,nosuid" does not, though it names no `ro`.
  own.clear &= ~(recursive.set & ~options.clear & ~std::uint64_t{MOUNT_ATTR__ATIME});
  if (tree == Recursive::no) {
    recursive.set &= ~options.clear;
    const AttributeChange wanted = merged(recursive, own);
    if (changes_something(wanted)) add_attributes(changes, 0, wanted);
    return changes;
  }
  std::size_t next = 0;
  if (changes_something(recursive)) next = add_attributes(changes, 0, recursive) + 1;
  if (changes_something(own)) add_attributes(changes, next, own);
  return changes;
}

}  // namespace myrt::mounts
