#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "mounts/apply_steps.h"
#include "sys/files.h"
#include "sys/paths.h"
#include "sys/weakness.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

mode_t file_type(const DeviceNode& node) {
  if (node.type == 'p') return S_IFIFO;
  return node.type == 'b' ? S_IFBLK : S_IFCHR;
}

dev_t device_number(const DeviceNode& node) {
  return node.type == 'p' ? 0 : ::makedev(node.major, node.minor);
}

// What is there already is kept when it is the device asked for (DEV-04).
Result<> check_node(const struct stat& status, const DeviceNode& node) {
  if (sys::weakened("without-device-check")) return {};
  const bool same_type = (status.st_mode & S_IFMT) == file_type(node);
  if (same_type && (node.type == 'p' || status.st_rdev == device_number(node))) return {};
  return make_error(ErrorCode::invalid_config,
                    fmt::format("`{}` exists and is not the device {} {}:{}", node.path, node.type,
                                node.major, node.minor));
}

Result<> change_owner(int node_fd, const DeviceNode& node) {
  if (::fchownat(node_fd, "", node.uid, node.gid, AT_EMPTY_PATH) == 0) return {};
  return errno_error("fchownat", fmt::format("chown `{}` to {}:{}", node.path, node.uid, node.gid));
}

Result<> make_node(int parent_fd, const std::string& name, const DeviceNode& node) {
  const mode_t mode = file_type(node) | node.mode;
  const bool made = ::mknodat(parent_fd, name.c_str(), mode, device_number(node)) == 0;
  if (!made && errno != EEXIST) {
    return errno_error("mknodat", fmt::format("make device `{}`", node.path));
  }
  if (made && node.uid == 0 && node.gid == 0) return {};
  // By fd from here on: the name may belong to somebody else's file by now.
  const UniqueFd fd = TRY(sys::open_at(parent_fd, name, O_PATH | O_NOFOLLOW));
  TRY(check_node(TRY(sys::stat_fd(fd.get())), node));
  if (!made) return {};
  return change_owner(fd.get(), node);
}

Result<> bind_node(int tree_fd, int parent_fd, const std::string& name, const DeviceNode& node) {
  const UniqueFd target = TRY(make_file_nofollow(parent_fd, name, 0666));
  return sys::move_mount_onto(tree_fd, target.get(), node.path);
}

// Makes devices: most of them directly in /dev, which is opened once.
class DeviceMaker {
 public:
  DeviceMaker(int root_fd, int dev_fd) : root_fd_(root_fd), dev_fd_(dev_fd) {}

  Result<> make(const DeviceNode& node, UniqueFd tree) const {
    const std::string_view path = node.path;
    constexpr std::string_view kDev = "/dev/";
    if (dev_fd_ >= 0 && path.starts_with(kDev) && path.find('/', kDev.size()) == path.npos) {
      return make_at(dev_fd_, std::string(path.substr(kDev.size())), node, tree);
    }
    const sys::ParentAndName at = TRY(sys::make_parent_in_root(root_fd_, path));
    return make_at(at.parent.get(), at.name, node, tree);
  }

 private:
  static Result<> make_at(int parent_fd, const std::string& name, const DeviceNode& node,
                          const UniqueFd& tree) {
    if (tree.valid()) return bind_node(tree.get(), parent_fd, name, node);
    return make_node(parent_fd, name, node);
  }

  int root_fd_;
  int dev_fd_;
};

struct DevLink {
  const char* name;
  const char* text;
};
// runtime-linux.md, "Dev symbolic links".
constexpr DevLink kProcLinks[] = {{"fd", "/proc/self/fd"},
                                  {"stdin", "/proc/self/fd/0"},
                                  {"stdout", "/proc/self/fd/1"},
                                  {"stderr", "/proc/self/fd/2"}};

// An image's own ptmx would open terminals of the host's devpts (DEV-11).
Result<> make_ptmx(int dev_fd) {
  const char* text = "pts/ptmx";
  if (::symlinkat(text, dev_fd, "ptmx") == 0) return {};
  if (errno != EEXIST) return errno_error("symlinkat", "symlink `/dev/ptmx`");
  if (::unlinkat(dev_fd, "ptmx", 0) != 0) {
    // Something was mounted there on purpose.
    if (errno == EBUSY) return {};
    return errno_error("unlinkat", "remove `/dev/ptmx`");
  }
  return make_symlink(text, dev_fd, "ptmx");
}

Result<> furnish(const Plan& plan, int root_fd, int dev_fd) {
  if (plan.proc_is_mounted || sys::open_in_root(root_fd, "/proc/self/fd", O_PATH).ok()) {
    for (const DevLink& link : kProcLinks) TRY(make_symlink(link.text, dev_fd, link.name));
  }
  TRY(make_ptmx(dev_fd));
  if (plan.terminal) TRY(make_file_nofollow(dev_fd, "console", 0620));
  return {};
}

}  // namespace

Result<> make_devices(const Plan& plan, Sources& sources, int root_fd, int dev_fd) {
  UniqueFd opened;
  if (plan.furnish_dev && dev_fd < 0) {
    opened = TRY(sys::make_directories_in_root(root_fd, "/dev", 0755));
    dev_fd = opened.get();
  }
  const DeviceMaker maker(root_fd, dev_fd);
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    const DeviceNode& node = plan.devices[i];
    UniqueFd tree;
    if (i < sources.device_trees.size()) tree = std::move(sources.device_trees[i]);
    TRY(maker.make(node, std::move(tree)).at(node.pointer));
  }
  if (!plan.furnish_dev) return {};
  return furnish(plan, root_fd, dev_fd);
}

}  // namespace myrt::mounts
