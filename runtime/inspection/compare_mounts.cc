#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <map>

#include "runtime/inspection/comparison.h"
#include "runtime/inspection/mount_table.h"

namespace myrt::inspection {
namespace {

struct Flag {
  std::string_view word;
  std::uint64_t mask, value;  // of MOUNT_ATTR_*
};
// As /proc/PID/mountinfo spells them; strictatime is the absence of the other two.
constexpr auto kFlags = std::to_array<Flag>({
    {"ro", MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOEXEC},
    {"noatime", MOUNT_ATTR__ATIME, MOUNT_ATTR_NOATIME},
    {"relatime", MOUNT_ATTR__ATIME, MOUNT_ATTR_RELATIME},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
});

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::string_view entry = list.substr(0, list.find(','));
    list.remove_prefix(std::min(entry.size() + 1, list.size()));
    if (entry == word) return true;
  }
  return false;
}

std::uint64_t attributes_of(std::string_view options) {
  std::uint64_t attributes = MOUNT_ATTR_STRICTATIME;
  for (const Flag& flag : kFlags) {
    if (has_word(options, flag.word)) attributes = (attributes & ~flag.mask) | flag.value;
  }
  return attributes;
}

std::string words_of(std::uint64_t attributes) {
  std::string words = (attributes & MOUNT_ATTR_RDONLY) != 0 ? "" : "rw";
  for (const Flag& flag : kFlags) {
    if ((attributes & flag.mask) == flag.value) {
      words += (words.empty() ? "" : ",") + std::string(flag.word);
    }
  }
  return words;
}

void change(std::uint64_t& attributes, std::uint64_t set, std::uint64_t clear) {
  attributes = (attributes & ~clear) | set;
}

// What stands at one destination when all steps are done.
struct Expected {
  std::string pointer;
  std::string fstype;                       // of a filesystem of the container's own
  std::optional<Place> source;              // of a bind, when it can still be looked at
  std::optional<std::uint64_t> attributes;  // unknown for a bind without source
  std::uint64_t set = 0, clear = 0;         // what a bind without source is known to have
  bool id_mapped = false;
  int mounts = 0;  // how many steps mount here, one over the other
};

using Destinations = std::map<std::string, Expected>;

void expect_filesystem(const mounts::NewFilesystem& filesystem, Expected& expected) {
  expected.fstype = filesystem.fstype;
  expected.id_mapped = filesystem.id_mapping.has_value();
  expected.source.reset();
  std::uint64_t attributes = filesystem.attributes;
  for (const auto* changes : {&filesystem.changes, &filesystem.changes_at_the_end}) {
    for (const mounts::AttributeChange& step : *changes) change(attributes, step.set, step.clear);
  }
  expected.attributes = attributes;
}

void expect_changes(const std::vector<mounts::AttributeChange>& changes, Expected& expected) {
  for (const mounts::AttributeChange& step : changes) {
    if (expected.attributes) change(*expected.attributes, step.set, step.clear);
    change(expected.set, step.set, step.clear);
    expected.clear = (expected.clear | step.clear) & ~step.set;
  }
}

// What the first step of an entry changes in all the mounts of this entry.
class RecursiveChanges {
 public:
  void remember(const mounts::NewFilesystem& filesystem, std::size_t mount_index) {
    changes_.clear();
    mount_index_ = mount_index;
    for (const mounts::AttributeChange& change : filesystem.changes_at_the_end) {
      if (change.recursive == sys::Recursive::yes) changes_.push_back(change);
    }
  }
  void apply(std::size_t mount_index, Expected& expected) const {
    if (mount_index == mount_index_) expect_changes(changes_, expected);
  }

 private:
  std::vector<mounts::AttributeChange> changes_;
  std::size_t mount_index_ = 0;
};

void expect_bind(const mounts::BindMount& bind, const MountTable& host, Expected& expected) {
  expected.fstype.clear();
  expected.attributes.reset();
  expected.id_mapped = bind.id_mapping.has_value();
  expected.source.reset();
  if (const auto source = host.find(bind.source); source.ok() && bind.inside.empty()) {
    expected.source = *source;
  }
  if (expected.source && expected.source->mount != nullptr) {
    expected.attributes = attributes_of(expected.source->mount->options);
  }
  expect_changes(bind.changes, expected);
}

void expect_remount(const mounts::ParsedOptions& options, Expected& expected) {
  const std::uint64_t set = options.set | options.recursive_set;
  const std::uint64_t clear = options.clear | options.recursive_clear;
  if (expected.attributes) change(*expected.attributes, set, clear);
  change(expected.set, set, clear);
}

Destinations destinations_of(const mounts::Plan& plan, const MountTable& host) {
  Destinations destinations;
  RecursiveChanges recursive;
  for (const mounts::Step& step : plan.steps) {
    if (std::holds_alternative<mounts::Symlink>(step.action)) continue;
    Expected& expected = destinations[step.destination];
    expected.pointer = fmt::format("/mounts/{}", step.mount_index);
    if (const auto* remount = std::get_if<mounts::Remount>(&step.action)) {
      expect_remount(remount->options, expected);
      continue;
    }
    ++expected.mounts;
    if (const auto* filesystem = std::get_if<mounts::NewFilesystem>(&step.action)) {
      expect_filesystem(*filesystem, expected);
      recursive.remember(*filesystem, step.mount_index);
    } else {
      expect_bind(std::get<mounts::BindMount>(step.action), host, expected);
      recursive.apply(step.mount_index, expected);
    }
  }
  return destinations;
}

// Compares, and remembers which of the container's mounts were asked for.
class MountComparison {
 public:
  MountComparison(const Original& original, const MountTable& table, Comparison& comparison)
      : plan_(original.plan.mounts), table_(table), comparison_(comparison) {}

  Result<> root() {
    const auto place = TRY(table_.find("/"));
    if (!place || place->mount == nullptr) return {};
    known_[place->mount->mount_point] = 1;
    const bool read_only = has_word(place->mount->options, "ro");
    if (plan_.root.readonly) {
      comparison_.add("root.readonly", "/root/readonly", "true", read_only ? "true" : "false");
    } else if (!has_word(place->mount->super_options, "ro")) {
      comparison_.add("root.readonly", "/root/readonly", "false", read_only ? "true" : "false");
    }
    return {};
  }

  Result<> destination(const std::string& path, const Expected& expected) {
    const std::string name = fmt::format("mounts[{}]", path);
    const auto place = TRY(table_.find(path));
    const bool mounted =
        place && place->mount != nullptr && (place->is_mount_root || expected.mounts == 0);
    if (!mounted) {
      // A link that was copied is no mount.
      if (!expected.source || !S_ISLNK(expected.source->status.st_mode)) {
        comparison_.add(name, expected.pointer, "mounted", "not mounted");
      }
      return {};
    }
    known_[place->mount->mount_point] += expected.mounts;
    above_.push_back({place->mount->mount_point, expected.fstype.empty()});
    if (!expected.fstype.empty()) {
      comparison_.add(name + ".type", expected.pointer, expected.fstype, place->mount->fstype);
    } else if (expected.source) {
      const bool same = expected.source->status.st_dev == place->status.st_dev &&
                        expected.source->status.st_ino == place->status.st_ino;
      comparison_.add(name + ".source", expected.pointer, "bound", same ? "bound" : "another file");
    }
    options(name + ".options", expected, *place->mount);
    return {};
  }

  Result<> masked(const std::string& path, std::size_t index) {
    const auto place = TRY(table_.find(path));
    if (!place) return {};
    const bool is_null = S_ISCHR(place->status.st_mode) && place->status.st_rdev == ::makedev(1, 3);
    const bool is_empty = place->is_mount_root && place->mount != nullptr &&
                          place->mount->fstype == "tmpfs" && has_word(place->mount->options, "ro");
    comparison_.add(fmt::format("maskedPaths[{}]", path),
                    fmt::format("/linux/maskedPaths/{}", index), "masked",
                    is_null || is_empty ? "masked" : "visible");
    if (place->mount != nullptr) ++known_[place->mount->mount_point];
    return {};
  }

  Result<> read_only(const std::string& path, std::size_t index) {
    const auto place = TRY(table_.find(path));
    if (!place || place->mount == nullptr) return {};
    comparison_.add(fmt::format("readonlyPaths[{}]", path),
                    fmt::format("/linux/readonlyPaths/{}", index), "read-only",
                    has_word(place->mount->options, "ro") ? "read-only" : "writable");
    if (place->is_mount_root) {
      ++known_[place->mount->mount_point];
      above_.push_back({place->mount->mount_point, true});
    }
    return {};
  }

  Result<> device(const mounts::DeviceNode& node, bool fresh_dev) {
    const auto place = TRY(table_.find(node.path));
    const std::string name = fmt::format("devices[{}]", node.path);
    const auto text = [&](char type, unsigned major, unsigned minor, unsigned mode, unsigned uid,
                          unsigned gid) {
      std::string shown = node.type == 'p' ? "p" : fmt::format("{} {}:{}", type, major, minor);
      // Of a node that the image brought, or that is the host's, only the number was asked for.
      if (fresh_dev) shown += fmt::format(" {:04o} {}:{}", mode, uid, gid);
      return shown;
    };
    const std::string asked =
        text(node.type, node.major, node.minor, node.mode, node.uid, node.gid);
    if (!place) {
      comparison_.add(name, node.pointer, asked, "");
      return {};
    }
    const struct stat& status = place->status;
    const char type = S_ISCHR(status.st_mode) ? 'c' : S_ISBLK(status.st_mode) ? 'b' : '-';
    comparison_.add(name, node.pointer, asked,
                    S_ISFIFO(status.st_mode) && node.type == 'p' && !fresh_dev
                        ? "p"
                        : text(type, ::major(status.st_rdev), ::minor(status.st_rdev),
                               status.st_mode & 07777U, status.st_uid, status.st_gid));
    if (place->is_mount_root && place->mount != nullptr) ++known_[place->mount->mount_point];
    return {};
  }

  // What nobody has asked for.
  void others() {
    if (plan_.terminal) ++known_["/dev/console"];
    std::map<std::string, int> seen;
    for (const sys::MountInfo& mount : table_.mounts()) {
      if (++seen[mount.mount_point] <= known_[mount.mount_point]) continue;
      if (known_[mount.mount_point] == 0 && may_come_along(mount)) continue;
      comparison_.add(fmt::format("mounts[{}]", mount.mount_point), "/mounts", "",
                      fmt::format("{} {}", mount.fstype, mount.options));
    }
  }

 private:
  // Below a bind and a read-only path there may be mounts of the host's; below a filesystem of the
  // container's own there are none but those that were asked for.
  struct Above {
    std::string mount_point;
    bool brings_others = false;
  };

  bool may_come_along(const sys::MountInfo& mount) const {
    const Above* nearest = nullptr;
    for (const Above& above : above_) {
      if (mount.mount_point.starts_with(above.mount_point + "/") &&
          (nearest == nullptr || above.mount_point.size() > nearest->mount_point.size())) {
        nearest = &above;
      }
    }
    return nearest != nullptr && nearest->brings_others;
  }

  void options(const std::string& name, const Expected& expected, const sys::MountInfo& mount) {
    const std::uint64_t applied = attributes_of(mount.options);
    std::string shown = words_of(applied);
    std::string asked;
    if (expected.attributes) {
      asked = words_of(*expected.attributes);
    } else {
      std::uint64_t attributes = applied;
      change(attributes, expected.set, expected.clear);
      asked = words_of(attributes);
    }
    if (expected.id_mapped) {
      asked += ",idmapped";
      if (has_word(mount.options, "idmapped")) shown += ",idmapped";
    }
    comparison_.add(name, expected.pointer, asked, shown);
  }

  const mounts::Plan& plan_;
  const MountTable& table_;
  Comparison& comparison_;
  std::map<std::string, int> known_;  // mount point -> how many mounts were asked for there
  std::vector<Above> above_;
};

bool has_fresh_dev(const Destinations& destinations) {
  const auto dev = destinations.find("/dev");
  return dev != destinations.end() && dev->second.fstype == "tmpfs";
}

}  // namespace

Result<> compare_mounts(const Original& original, Comparison& comparison) {
  const mounts::Plan& plan = original.plan.mounts;
  // Without a mount namespace of its own the table is the host's, and without pivot_root it still
  // has what is below the new root.
  if (!original.plan.namespaces.is_new(oci::NamespaceType::mount)) return {};
  if (plan.root.root_switch != mounts::RootSwitch::pivot) return {};
  const MountTable host = TRY(MountTable::open(original.procfs, "self"));
  const MountTable table =
      TRY(MountTable::open(original.procfs, std::to_string(original.found.state.pid)));
  const Destinations destinations = destinations_of(plan, host);
  MountComparison mounts(original, table, comparison);
  TRY(mounts.root());
  for (const auto& [path, expected] : destinations) TRY(mounts.destination(path, expected));
  for (std::size_t i = 0; i < plan.masked_paths.size(); ++i) {
    TRY(mounts.masked(plan.masked_paths[i], i));
  }
  for (std::size_t i = 0; i < plan.readonly_paths.size(); ++i) {
    TRY(mounts.read_only(plan.readonly_paths[i], i));
  }
  const bool fresh =
      has_fresh_dev(destinations) && plan.device_method == mounts::DeviceMethod::mknod;
  for (const mounts::DeviceNode& node : plan.devices) {
    // A node that was asked for there gives way to the link to the container's own devpts (DEV-11).
    const bool is_link = node.path == "/dev/ptmx";
    TRY(mounts.device(node, fresh && node.path.starts_with("/dev/") && !is_link));
  }
  mounts.others();
  return {};
}

}  // namespace myrt::inspection
