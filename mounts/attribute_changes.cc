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

// Adds attributes to the first call from `begin` on with the same reach, or as a call of its own.
// Returns the call's index.
std::size_t add_attributes(std::vector<AttributeChange>& changes, std::size_t begin,
                           const AttributeChange& wanted) {
  for (std::size_t i = begin; i < changes.size(); ++i) {
    AttributeChange& call = changes[i];
    if (call.recursive != wanted.recursive || call.set != 0 || call.clear != 0) continue;
    call.set = wanted.set;
    call.clear = wanted.clear;
    return i;
  }
  changes.push_back(wanted);
  return changes.size() - 1;
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
                                          std::uint64_t base_propagation) {
  const Recursive tree = options.bind == Bind::rbind ? Recursive::yes : Recursive::no;
  std::vector<AttributeChange> changes;
  const bool replaced =
      !options.propagation.empty() && replaces(options.propagation.front(), base_propagation, tree);
  if (base_propagation != 0 && !replaced) changes.push_back({tree, 0, 0, base_propagation});
  for (const Propagation& word : options.propagation) {
    const Recursive reach = tree == Recursive::yes ? word.recursive : Recursive::no;
    changes.push_back({reach, 0, 0, word.type});
  }
  if (tree == Recursive::no) {
    const std::uint64_t set = new_mount_attributes(options);
    const std::uint64_t clear = (options.recursive_clear & ~options.set) | options.clear;
    if (set != 0 || clear != 0) add_attributes(changes, 0, {tree, set, clear, 0});
    return changes;
  }
  std::size_t next = 0;
  if (options.recursive_set != 0 || options.recursive_clear != 0) {
    const AttributeChange wanted{tree, options.recursive_set, options.recursive_clear, 0};
    next = add_attributes(changes, 0, wanted) + 1;
  }
  // After the recursive words: "rro,rw" leaves the top writable.
  if (options.set != 0 || options.clear != 0) {
    add_attributes(changes, next, {Recursive::no, options.set, options.clear, 0});
  }
  return changes;
}

}  // namespace myrt::mounts
