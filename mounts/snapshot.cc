#include "mounts/snapshot.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "mounts/apply_steps.h"
#include "mounts/attributes.h"
#include "mounts/plan_steps.h"
#include "sys/text.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

constexpr std::string_view kLowers = "lowerdir=";  // all of them, the highest first
constexpr std::string_view kLayer = "lowerdir+=";  // one more, below the others: Linux 6.8
constexpr std::size_t kPage = 4096;                // of mount(2)'s data, with its end
constexpr std::size_t kLongestValue = 255;         // of fsconfig(2)

// What mount(8) or containerd itself does with its own hands; and words of ours, which no
// snapshotter has.
constexpr std::array<std::string_view, 9> kRefused = {
    "loop", "loop=", "uidmap=", "gidmap=", "X-containerd.", "idmap", "idmap=", "ridmap", "ridmap="};

bool is_refused(const std::string& word) {
  return std::ranges::any_of(kRefused, [&word](std::string_view name) {
    const bool is_prefix = name.ends_with('=') || name.ends_with('.');
    return is_prefix ? word.starts_with(name) : word == name;
  });
}

Result<> refuse(const SnapshotMount& mount, std::string_view word) {
  return make_error(ErrorCode::unsupported, fmt::format("mount `{}` of type `{}`: option `{}`",
                                                        mount.source, mount.type, word));
}

Result<> check(const SnapshotMount& mount, const ParsedOptions& options) {
  if (options.remount) return refuse(mount, "remount");
  if (options.tmpcopyup) return refuse(mount, "tmpcopyup");
  if (options.copy_symlink) return refuse(mount, "copy-symlink");
  if (options.source_nofollow) return refuse(mount, "src-nofollow");
  if (options.destination_nofollow) return refuse(mount, "dest-nofollow");
  return {};
}

// A label may have commas, and is quoted for mount(2) then; fsconfig(2) takes it as it is.
std::string unquoted(const std::string& word) {
  const std::size_t equals = word.find("=\"");
  if (equals == std::string::npos || !word.ends_with('"') || word.size() < equals + 3) return word;
  return word.substr(0, equals + 1) + word.substr(equals + 2, word.size() - equals - 3);
}

// Escaped names and layers of data alone (`::`) are left to the kernel's own reading.
bool can_be_split(std::string_view directories) {
  return directories.find("::") == std::string_view::npos &&
         directories.find('\\') == std::string_view::npos;
}

std::vector<std::string> parameters_of(const std::string& type,
                                       const std::vector<std::string>& words) {
  std::vector<std::string> parameters;
  for (const std::string& word : words) {
    const std::string_view text = word;
    if (type != "overlay" || !text.starts_with(kLowers) ||
        !can_be_split(text.substr(kLowers.size()))) {
      parameters.push_back(unquoted(word));
      continue;
    }
    for (const std::string_view directory : sys::split(text.substr(kLowers.size()), ':')) {
      parameters.push_back(fmt::format("{}{}", kLayer, directory));
    }
  }
  return parameters;
}

bool fits_fsconfig(const NewFilesystem& filesystem) {
  const auto fits = [](const std::string& parameter) {
    const std::size_t equals = parameter.find('=');
    const std::size_t key = equals == std::string::npos ? 0 : equals + 1;
    return parameter.size() - key <= kLongestValue;
  };
  return filesystem.source.size() <= kLongestValue &&
         std::ranges::all_of(filesystem.parameters, fits);
}

Result<UniqueFd> clone_bind(const BindMount& bind) {
  unsigned flags = OPEN_TREE_CLONE;
  if (bind.recursive == sys::Recursive::yes) flags |= AT_RECURSIVE;
  UniqueFd tree = TRY(sys::open_tree(AT_FDCWD, bind.source, flags));
  TRY(change_attributes(tree.get(), bind.changes));
  return tree;
}

Result<UniqueFd> make_filesystem(const NewFilesystem& filesystem) {
  sys::DeferredClose done;
  UniqueFd mount = TRY(make_detached(filesystem, std::nullopt, done));
  TRY(change_attributes(mount.get(), filesystem.changes));
  return mount;
}

Result<> mount_by_data(const NewFilesystem& filesystem, const std::string& target) {
  const OverlayData data = overlay_data(filesystem.parameters);
  if (!data.base.empty() && ::chdir(data.base.c_str()) != 0) {
    return errno_error("chdir", fmt::format("enter `{}`", data.base));
  }
  return sys::mount(filesystem.source, target, filesystem.fstype,
                    filesystem.superblock_flags | mount_flags_of(filesystem.attributes), data.data);
}

std::string joined(const std::vector<std::string>& parameters, std::size_t cut) {
  std::string data;
  bool in_layers = false;
  for (const std::string& parameter : parameters) {
    if (parameter == "ro") continue;  // mount(2) has a flag for it
    const bool is_layer = parameter.starts_with(kLayer);
    if (!data.empty()) data += is_layer && in_layers ? ':' : ',';
    if (is_layer && !in_layers) data += kLowers;
    // A comma in a value would begin the next one: only a label has it.
    const bool quoted = parameter.find(',') != std::string::npos;
    const std::size_t equals = parameter.find('=');
    if (is_layer) {
      data += parameter.substr(kLayer.size() + cut);
    } else if (quoted && equals != std::string::npos) {
      data +=
          fmt::format("{}\"{}\"", parameter.substr(0, equals + 1), parameter.substr(equals + 1));
    } else {
      data += parameter;
    }
    in_layers = is_layer;
  }
  return data;
}

// Up to the last slash that all layers have before the first difference.
std::string common_directory(const std::vector<std::string>& parameters) {
  std::optional<std::string_view> common;
  for (const std::string_view parameter : parameters) {
    if (!parameter.starts_with(kLayer)) continue;
    const std::string_view path = parameter.substr(kLayer.size());
    if (!common) common = path;
    const auto different = std::mismatch(common->begin(), common->end(), path.begin(), path.end());
    common = common->substr(0, static_cast<std::size_t>(different.first - common->begin()));
  }
  const std::size_t slash = common ? common->rfind('/') : std::string_view::npos;
  return slash == std::string_view::npos ? std::string()
                                         : std::string(common->substr(0, slash + 1));
}

}  // namespace

Result<SnapshotPlan> plan_snapshot(const SnapshotMount& mount) {
  for (const std::string& word : mount.options) {
    if (is_refused(word)) return refuse(mount, word).error();
  }
  const ParsedOptions options = TRY(parse_options(mount.options, {}));
  TRY(check(mount, options));
  if (mount.type == "bind" || options.bind != Bind::no) {
    BindMount bind;
    bind.source = mount.source;
    if (options.bind == Bind::rbind) bind.recursive = sys::Recursive::yes;
    bind.changes = bind_changes(options, 0, Unnamed::kept);
    return SnapshotPlan(std::move(bind));
  }
  NewFilesystem filesystem;
  filesystem.fstype = mount.type;
  filesystem.source = mount.source;
  filesystem.attributes = new_mount_attributes(options);
  filesystem.superblock_flags = options.superblock_flags;
  filesystem.parameters = parameters_of(mount.type, options.data);
  // A device that is read-only cannot be opened otherwise.
  if ((filesystem.attributes & MOUNT_ATTR_RDONLY) != 0) filesystem.parameters.emplace_back("ro");
  filesystem.changes = propagation_changes(options);
  return SnapshotPlan(std::move(filesystem));
}

Result<UniqueFd> make_snapshot(const SnapshotPlan& plan, const std::string& target) {
  if (const auto* bind = std::get_if<BindMount>(&plan)) return clone_bind(*bind);
  const auto& filesystem = std::get<NewFilesystem>(plan);
  if (!fits_fsconfig(filesystem)) {
    TRY(mount_by_data(filesystem, target));
    return UniqueFd();
  }
  auto made = make_filesystem(filesystem);
  // An older kernel does not know `lowerdir+`, and says so in many ways, but with this number.
  const bool may_be_old =
      filesystem.fstype == "overlay" && !made.ok() && made.error().errno_value == EINVAL;
  if (may_be_old && mount_by_data(filesystem, target).ok()) return UniqueFd();
  return made;
}

OverlayData overlay_data(const std::vector<std::string>& parameters) {
  OverlayData result{{}, joined(parameters, 0)};
  if (result.data.size() < kPage) return result;
  result.base = common_directory(parameters);
  result.data = joined(parameters, result.base.size());
  return result;
}

}  // namespace myrt::mounts
