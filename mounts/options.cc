#include "mounts/options.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>

#include "mounts/idmap_option.h"

namespace myrt::mounts {
namespace {

enum class Kind : std::uint8_t {
  nothing,  // a word that only says what is so anyway
  set,
  clear,
  recursive_set,
  recursive_clear,
  access_time,  // a value of the field MOUNT_ATTR__ATIME
  recursive_access_time,
  superblock_set,
  superblock_clear,
  propagation,
  recursive_propagation,
  bind,
  idmap,
  feature,
};

struct Option {
  std::string_view name;
  Kind kind = Kind::nothing;
  std::uint64_t bits = 0;
  bool ParsedOptions::*feature = nullptr;
};

// The spec's table (config.md, "Linux mount options"), and crun's three symlink words. MS_* numbers
// are superblock flags and propagation, MOUNT_ATTR_* the rest. noatime's opposite is the kernel's
// default mode, relatime.
constexpr std::array kOptions = {
    Option{"async", Kind::superblock_clear, MS_SYNCHRONOUS, nullptr},
    Option{"atime", Kind::access_time, MOUNT_ATTR_RELATIME, nullptr},
    Option{"bind", Kind::bind, static_cast<std::uint64_t>(Bind::bind), nullptr},
    Option{"copy-symlink", Kind::feature, 0, &ParsedOptions::copy_symlink},
    Option{"defaults", Kind::nothing, 0, nullptr},
    Option{"dest-nofollow", Kind::feature, 0, &ParsedOptions::destination_nofollow},
    Option{"dev", Kind::clear, MOUNT_ATTR_NODEV, nullptr},
    Option{"diratime", Kind::clear, MOUNT_ATTR_NODIRATIME, nullptr},
    Option{"dirsync", Kind::superblock_set, MS_DIRSYNC, nullptr},
    Option{"exec", Kind::clear, MOUNT_ATTR_NOEXEC, nullptr},
    Option{"idmap", Kind::idmap, static_cast<std::uint64_t>(IdMap::idmap), nullptr},
    Option{"iversion", Kind::superblock_set, MS_I_VERSION, nullptr},
    Option{"lazytime", Kind::superblock_set, MS_LAZYTIME, nullptr},
    Option{"loud", Kind::superblock_clear, MS_SILENT, nullptr},
    Option{"mand", Kind::superblock_set, MS_MANDLOCK, nullptr},
    Option{"noatime", Kind::access_time, MOUNT_ATTR_NOATIME, nullptr},
    Option{"nodev", Kind::set, MOUNT_ATTR_NODEV, nullptr},
    Option{"nodiratime", Kind::set, MOUNT_ATTR_NODIRATIME, nullptr},
    Option{"noexec", Kind::set, MOUNT_ATTR_NOEXEC, nullptr},
    Option{"noiversion", Kind::superblock_clear, MS_I_VERSION, nullptr},
    Option{"nolazytime", Kind::superblock_clear, MS_LAZYTIME, nullptr},
    Option{"nomand", Kind::superblock_clear, MS_MANDLOCK, nullptr},
    Option{"norelatime", Kind::access_time, MOUNT_ATTR_STRICTATIME, nullptr},
    Option{"nostrictatime", Kind::access_time, MOUNT_ATTR_RELATIME, nullptr},
    Option{"nosuid", Kind::set, MOUNT_ATTR_NOSUID, nullptr},
    Option{"nosymfollow", Kind::set, MOUNT_ATTR_NOSYMFOLLOW, nullptr},
    Option{"private", Kind::propagation, MS_PRIVATE, nullptr},
    Option{"ratime", Kind::recursive_access_time, MOUNT_ATTR_RELATIME, nullptr},
    Option{"rbind", Kind::bind, static_cast<std::uint64_t>(Bind::rbind), nullptr},
    Option{"rdev", Kind::recursive_clear, MOUNT_ATTR_NODEV, nullptr},
    Option{"rdiratime", Kind::recursive_clear, MOUNT_ATTR_NODIRATIME, nullptr},
    Option{"relatime", Kind::access_time, MOUNT_ATTR_RELATIME, nullptr},
    Option{"remount", Kind::feature, 0, &ParsedOptions::remount},
    Option{"rexec", Kind::recursive_clear, MOUNT_ATTR_NOEXEC, nullptr},
    Option{"ridmap", Kind::idmap, static_cast<std::uint64_t>(IdMap::ridmap), nullptr},
    Option{"rnoatime", Kind::recursive_access_time, MOUNT_ATTR_NOATIME, nullptr},
    Option{"rnodev", Kind::recursive_set, MOUNT_ATTR_NODEV, nullptr},
    Option{"rnodiratime", Kind::recursive_set, MOUNT_ATTR_NODIRATIME, nullptr},
    Option{"rnoexec", Kind::recursive_set, MOUNT_ATTR_NOEXEC, nullptr},
    Option{"rnorelatime", Kind::recursive_access_time, MOUNT_ATTR_STRICTATIME, nullptr},
    Option{"rnostrictatime", Kind::recursive_access_time, MOUNT_ATTR_RELATIME, nullptr},
    Option{"rnosuid", Kind::recursive_set, MOUNT_ATTR_NOSUID, nullptr},
    Option{"rnosymfollow", Kind::recursive_set, MOUNT_ATTR_NOSYMFOLLOW, nullptr},
    Option{"ro", Kind::set, MOUNT_ATTR_RDONLY, nullptr},
    Option{"rprivate", Kind::recursive_propagation, MS_PRIVATE, nullptr},
    Option{"rrelatime", Kind::recursive_access_time, MOUNT_ATTR_RELATIME, nullptr},
    Option{"rro", Kind::recursive_set, MOUNT_ATTR_RDONLY, nullptr},
    Option{"rrw", Kind::recursive_clear, MOUNT_ATTR_RDONLY, nullptr},
    Option{"rshared", Kind::recursive_propagation, MS_SHARED, nullptr},
    Option{"rslave", Kind::recursive_propagation, MS_SLAVE, nullptr},
    Option{"rstrictatime", Kind::recursive_access_time, MOUNT_ATTR_STRICTATIME, nullptr},
    Option{"rsuid", Kind::recursive_clear, MOUNT_ATTR_NOSUID, nullptr},
    Option{"rsymfollow", Kind::recursive_clear, MOUNT_ATTR_NOSYMFOLLOW, nullptr},
    Option{"runbindable", Kind::recursive_propagation, MS_UNBINDABLE, nullptr},
    Option{"rw", Kind::clear, MOUNT_ATTR_RDONLY, nullptr},
    Option{"shared", Kind::propagation, MS_SHARED, nullptr},
    Option{"silent", Kind::superblock_set, MS_SILENT, nullptr},
    Option{"slave", Kind::propagation, MS_SLAVE, nullptr},
    Option{"src-nofollow", Kind::feature, 0, &ParsedOptions::source_nofollow},
    Option{"strictatime", Kind::access_time, MOUNT_ATTR_STRICTATIME, nullptr},
    Option{"suid", Kind::clear, MOUNT_ATTR_NOSUID, nullptr},
    Option{"symfollow", Kind::clear, MOUNT_ATTR_NOSYMFOLLOW, nullptr},
    Option{"sync", Kind::superblock_set, MS_SYNCHRONOUS, nullptr},
    Option{"tmpcopyup", Kind::feature, 0, &ParsedOptions::tmpcopyup},
    Option{"unbindable", Kind::propagation, MS_UNBINDABLE, nullptr},
};
static_assert(std::ranges::is_sorted(kOptions, {}, &Option::name));

// The words among them that choose access times, as flags of mount(2).
struct AccessTimeWord {
  std::string_view name, opposite;
  std::uint64_t flag = 0;
};
constexpr AccessTimeWord kAccessTimeWords[] = {{"noatime", "atime", MS_NOATIME},
                                               {"nodiratime", "diratime", MS_NODIRATIME},
                                               {"relatime", "norelatime", MS_RELATIME},
                                               {"strictatime", "nostrictatime", MS_STRICTATIME}};

// crun's forms with mappings.
constexpr std::string_view kIdMap = "idmap=";
constexpr std::string_view kRecursiveIdMap = "ridmap=";

const Option* find_option(std::string_view name) {
  const auto found = std::ranges::lower_bound(kOptions, name, {}, &Option::name);
  return found != kOptions.end() && found->name == name ? &*found : nullptr;
}

void turn_on(std::uint64_t bits, std::uint64_t& on, std::uint64_t& off) {
  on |= bits;
  off &= ~bits;
}

// MOUNT_ATTR__ATIME is a field: the kernel wants it cleared whole before one value is set.
void choose_access_time(std::uint64_t value, std::uint64_t& set, std::uint64_t& clear) {
  const std::uint64_t field = MOUNT_ATTR__ATIME;
  set = (set & ~field) | value;
  clear |= field;
}

void note_attribute(std::string_view name, ParsedOptions& parsed) {
  parsed.names_attribute = true;
  for (const AccessTimeWord& word : kAccessTimeWords) {
    if (name == word.name) parsed.access_time |= word.flag;
    if (name == word.opposite) parsed.access_time &= ~word.flag;
  }
}

void add(const Option& option, ParsedOptions& parsed) {
  if (option.kind == Kind::set || option.kind == Kind::clear || option.kind == Kind::access_time) {
    note_attribute(option.name, parsed);
  }
  switch (option.kind) {
    case Kind::nothing:
      return;
    case Kind::set:
      return turn_on(option.bits, parsed.set, parsed.clear);
    case Kind::clear:
      return turn_on(option.bits, parsed.clear, parsed.set);
    case Kind::recursive_set:
      return turn_on(option.bits, parsed.recursive_set, parsed.recursive_clear);
    case Kind::recursive_clear:
      return turn_on(option.bits, parsed.recursive_clear, parsed.recursive_set);
    case Kind::access_time:
      return choose_access_time(option.bits, parsed.set, parsed.clear);
    case Kind::recursive_access_time:
      return choose_access_time(option.bits, parsed.recursive_set, parsed.recursive_clear);
    case Kind::superblock_set:
      parsed.superblock_flags |= option.bits;
      return;
    case Kind::superblock_clear:
      parsed.superblock_flags &= ~option.bits;
      return;
    case Kind::propagation:
      parsed.propagation.push_back({option.bits, sys::Recursive::no});
      return;
    case Kind::recursive_propagation:
      parsed.propagation.push_back({option.bits, sys::Recursive::yes});
      return;
    case Kind::bind:
      parsed.bind = static_cast<Bind>(option.bits);
      return;
    case Kind::idmap:
      parsed.idmap = static_cast<IdMap>(option.bits);
      return;
    case Kind::feature:
      parsed.*option.feature = true;
      return;
  }
}

}  // namespace

Result<ParsedOptions> parse_options(const std::vector<std::string>& options,
                                    std::string_view pointer) {
  ParsedOptions parsed;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::string& word = options[i];
    if (word.empty()) continue;  // as mount(8) reads "ro,,nosuid"
    if (const Option* option = find_option(word)) {
      add(*option, parsed);
    } else if (word.starts_with(kIdMap) || word.starts_with(kRecursiveIdMap)) {
      const bool recursive = word.starts_with(kRecursiveIdMap);
      parsed.idmap = recursive ? IdMap::ridmap : IdMap::idmap;
      const std::string_view text = word;
      TRY(parse_idmap_option(text.substr(recursive ? kRecursiveIdMap.size() : kIdMap.size()),
                             fmt::format("{}/{}", pointer, i), parsed));
    } else {
      parsed.data.push_back(word);
    }
  }
  return parsed;
}

std::vector<std::string> option_names() {
  std::vector<std::string> names;
  names.reserve(kOptions.size());
  for (const Option& option : kOptions) names.emplace_back(option.name);
  return names;
}

}  // namespace myrt::mounts
