// The `options` of a config's mount: one table of every name that is known, and what a list of them
// asks for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "oci-spec/spec_linux.h"
#include "sys/mount_api.h"
#include "sys/result.h"

namespace myrt::mounts {

enum class Bind : std::uint8_t { no, bind, rbind };
enum class IdMap : std::uint8_t { no, idmap, ridmap };

// One of the eight propagation words; `type` is MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE.
struct Propagation {
  std::uint64_t type = 0;
  sys::Recursive recursive = sys::Recursive::no;
  bool operator==(const Propagation&) const = default;
};

// One triplet of `idmap=…`.
struct OptionIdMapping {
  oci::IdMapping mapping;
  bool relative = false;  // `@`: host_id is an id of the container's user namespace
  bool operator==(const OptionIdMapping&) const = default;
};

// What a list of options asks for. A later word has won over an earlier opposite one (OPT-19).
struct ParsedOptions {
  std::uint64_t set = 0, clear = 0;                      // MOUNT_ATTR_*, of this mount only
  std::uint64_t recursive_set = 0, recursive_clear = 0;  // MOUNT_ATTR_*, of everything below too
  bool names_attribute = false;  // any word of `set` and `clear` was there, though undone by now
  // MS_NOATIME, MS_NODIRATIME, MS_RELATIME and MS_STRICTATIME as mount(2) would be given them: of a
  // bind, whose source has a mode already.
  std::uint64_t access_time = 0;
  // MS_SYNCHRONOUS, MS_DIRSYNC, MS_MANDLOCK, MS_LAZYTIME, MS_I_VERSION and MS_SILENT: they belong
  // to the superblock.
  std::uint64_t superblock_flags = 0;
  std::vector<Propagation> propagation;  // in the listed order (OPT-05)
  Bind bind = Bind::no;
  IdMap idmap = IdMap::no;
  std::vector<OptionIdMapping> uid_mappings, gid_mappings;  // of `idmap=uids=…;gids=…`
  bool remount = false;
  bool tmpcopyup = false;
  bool copy_symlink = false;          // a source that is a symlink is copied, not mounted
  bool source_nofollow = false;       // a source that is a symlink is mounted itself
  bool destination_nofollow = false;  // a destination that is a symlink is mounted upon itself
  std::vector<std::string> data;      // everything unknown is the filesystem's (OPT-17)
  bool operator==(const ParsedOptions&) const = default;
};

// Pure. `pointer` is the JSON pointer of the list. Errors: invalid_config for a
// malformed `idmap=…`, which the kernel would drop as data. Empty words are skipped.
Result<ParsedOptions> parse_options(const std::vector<std::string>& options,
                                    std::string_view pointer);

// Every known name, sorted: `mountOptions` of the features document (FEA-06).
std::vector<std::string> option_names();

}  // namespace myrt::mounts
