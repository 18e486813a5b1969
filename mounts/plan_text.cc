#include <sys/mount.h>

#include "mounts/plan.h"

namespace myrt::mounts {
namespace {

using sys::Recursive;

struct BitName {
  std::uint64_t bit;
  std::string_view name;
};
constexpr BitName kAttributeNames[] = {{MOUNT_ATTR_RDONLY, "ro"},
                                       {MOUNT_ATTR_NOSUID, "nosuid"},
                                       {MOUNT_ATTR_NODEV, "nodev"},
                                       {MOUNT_ATTR_NOEXEC, "noexec"},
                                       {MOUNT_ATTR_NOATIME, "noatime"},
                                       {MOUNT_ATTR_STRICTATIME, "strictatime"},
                                       {MOUNT_ATTR_NODIRATIME, "nodiratime"},
                                       {MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"}};
constexpr BitName kSuperblockNames[] = {{MS_SYNCHRONOUS, "sync"},   {MS_DIRSYNC, "dirsync"},
                                        {MS_MANDLOCK, "mand"},      {MS_LAZYTIME, "lazytime"},
                                        {MS_I_VERSION, "iversion"}, {MS_SILENT, "silent"}};

template <std::size_t N>
std::string words_of(std::uint64_t bits, const BitName (&names)[N]) {
  std::string text;
  for (const BitName& known : names) {
    if ((bits & known.bit) == 0) continue;
    if (!text.empty()) text += ',';
    text += known.name;
  }
  return text;
}

std::string attribute_words(std::uint64_t bits) { return words_of(bits, kAttributeNames); }

std::string_view propagation_word(std::uint64_t type) {
  switch (type) {
    case MS_SHARED:
      return "shared";
    case MS_SLAVE:
      return "slave";
    case MS_PRIVATE:
      return "private";
    case MS_UNBINDABLE:
      return "unbindable";
    default:
      return "";
  }
}

// " {+ro,nosuid -noexec slave}", with an r before the brace when everything below is meant.
std::string to_text(const AttributeChange& change) {
  std::string inside;
  const auto add = [&inside](std::string_view sign, std::string_view words) {
    if (words.empty()) return;
    if (!inside.empty()) inside += ' ';
    inside.append(sign).append(words);
  };
  const std::uint64_t access_time = MOUNT_ATTR__ATIME;
  add("+", attribute_words(change.set));
  add("-", attribute_words(change.clear & ~access_time));
  if ((change.clear & access_time) == access_time && (change.set & access_time) == 0) {
    add("+", "relatime");
  }
  add("", propagation_word(change.propagation));
  const std::uint64_t all_access_time = access_time | MOUNT_ATTR_NODIRATIME;
  add("locked ", attribute_words(change.locked & ~all_access_time));
  if ((change.locked & all_access_time) != 0) add("locked ", "atime");
  return fmt::format(" {}{{{}}}", change.recursive == Recursive::yes ? "r" : "", inside);
}

std::string to_text(const std::vector<AttributeChange>& changes) {
  std::string text;
  for (const AttributeChange& change : changes) text += to_text(change);
  return text;
}

std::string to_text(const std::vector<oci::IdMapping>& mappings) {
  std::string text;
  for (const oci::IdMapping& mapping : mappings) {
    if (!text.empty()) text += ',';
    text += fmt::format("{}:{}:{}", mapping.container_id, mapping.host_id, mapping.size);
  }
  return text.empty() ? "container" : text;
}

std::string to_text(const std::optional<MountIdMapping>& mapping) {
  if (!mapping) return {};
  return fmt::format(" {} uid {} gid {}", mapping->recursive == Recursive::yes ? "ridmap" : "idmap",
                     to_text(mapping->uid_mappings), to_text(mapping->gid_mappings));
}

std::string line_of(const std::string& destination, const BindMount& bind) {
  std::string text = fmt::format("{} {} -> {}", bind.recursive == Recursive::yes ? "rbind" : "bind",
                                 bind.source, destination);
  if (!bind.else_source.empty()) text += fmt::format(" or {}", bind.else_source);
  if (!bind.inside.empty()) text += fmt::format(" inside:{}", bind.inside);
  text += to_text(bind.changes);
  if (bind.copy_symlink) text += " copy-symlink";
  if (bind.source_nofollow) text += " src-nofollow";
  if (bind.destination_nofollow) text += " dest-nofollow";
  if (bind.must_be_procfs) text += " must-be-procfs";
  return text + to_text(bind.id_mapping);
}

std::string line_of(const std::string& destination, const NewFilesystem& filesystem) {
  std::string text =
      fmt::format("{} ({}) -> {}", filesystem.fstype, filesystem.source, destination);
  const std::string attributes = attribute_words(filesystem.attributes);
  if (!attributes.empty()) text += " " + attributes;
  const std::string superblock = words_of(filesystem.superblock_flags, kSuperblockNames);
  if (!superblock.empty()) text += " sb:" + superblock;
  for (const std::string& parameter : filesystem.parameters) text += " [" + parameter + "]";
  text += to_text(filesystem.changes);
  if (filesystem.real_directory) text += " real-directory";
  if (filesystem.inherit_mode) text += " inherit-mode";
  if (filesystem.copy_up) text += " copy-up";
  if (!filesystem.changes_at_the_end.empty()) {
    text += " at-the-end" + to_text(filesystem.changes_at_the_end);
  }
  if (!filesystem.root_label.empty()) text += " label:" + filesystem.root_label;
  return text + to_text(filesystem.id_mapping);
}

std::string line_of(const std::string& destination, const Remount& change) {
  const ParsedOptions& options = change.options;
  std::string text =
      fmt::format("remount{} {}", options.bind == Bind::no ? "" : " bind", destination);
  text += to_text({{Recursive::no, options.set, options.clear, 0}});
  const std::string superblock = words_of(options.superblock_flags, kSuperblockNames);
  if (!superblock.empty()) text += " sb:" + superblock;
  for (const std::string& word : options.data) text += " [" + word + "]";
  return text;
}

std::string line_of(const std::string& destination, const Symlink& link) {
  return fmt::format("symlink {} -> {}", destination, link.text);
}

std::string line_of(const DeviceNode& node, DeviceMethod method) {
  return fmt::format("device {} {} {}:{} {:o} {}:{} {}\n", node.path, node.type, node.major,
                     node.minor, node.mode, node.uid, node.gid,
                     method == DeviceMethod::mknod || node.type == 'p' ? "mknod" : "bind");
}

std::string line_of(const RootPlan& root) {
  std::string text = "root " + root.path;
  if (root.readonly) text += " ro";
  if (root.propagation.type != 0) {
    text += fmt::format(" {}{}", root.propagation.recursive == Recursive::yes ? "r" : "",
                        propagation_word(root.propagation.type));
  }
  switch (root.root_switch) {
    case RootSwitch::pivot:
      text += " pivot";
      break;
    case RootSwitch::move:
      text += " move";
      break;
    case RootSwitch::chroot:
      text += " chroot";
      break;
  }
  if (!root.attach) text += " unattached";
  if (root.tree == RootTree::given) text += " given";
  return text + "\n";
}

}  // namespace

std::string to_string(const Plan& plan) {
  std::string text = line_of(plan.root);
  for (const Step& step : plan.steps) {
    text += fmt::format(
        "mount {}: {}\n", step.mount_index,
        std::visit([&step](const auto& action) { return line_of(step.destination, action); },
                   step.action));
  }
  for (const DeviceNode& node : plan.devices) text += line_of(node, plan.device_method);
  if (plan.furnish_dev) {
    text += fmt::format("dev links{}{}\n", plan.proc_is_mounted ? "" : " if /proc/self/fd exists",
                        plan.terminal ? " console" : "");
  }
  for (const std::string& path : plan.masked_paths) text += "mask " + path + "\n";
  for (const std::string& path : plan.readonly_paths) text += "read-only " + path + "\n";
  for (const std::string& warning : plan.warnings) text += "warning " + warning + "\n";
  return text;
}

}  // namespace myrt::mounts
