#include "mounts/sources.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "mounts/attributes.h"
#include "mounts/plan_steps.h"
#include "sys/deferred_close.h"
#include "sys/files.h"
#include "sys/paths.h"
#include "sys/weakness.h"

namespace myrt::mounts {
namespace {

using sys::Recursive;
using sys::UniqueFd;

constexpr unsigned kNoFollow = AT_SYMLINK_NOFOLLOW;

Result<UniqueFd> clone_tree(const std::string& path, Recursive recursive, unsigned flags) {
  if (recursive == Recursive::yes) flags |= AT_RECURSIVE;
  return sys::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | flags);
}

Result<UniqueFd> take_given(int given_root) {
  UniqueFd tree(::fcntl(given_root, F_DUPFD_CLOEXEC, 0));
  if (tree.valid()) return tree;
  return errno_error("fcntl", "take the root that is given");
}

Result<UniqueFd> open_root_tree(const RootPlan& root, int given_root) {
  UniqueFd tree = root.tree == RootTree::given
                      ? TRY(take_given(given_root))
                      : TRY(clone_tree(root.path, Recursive::yes, 0).at("/root/path"));
  const struct stat status = TRY(sys::stat_fd(tree.get()));
  if (!S_ISDIR(status.st_mode)) {
    return config_error("/root/path", fmt::format("`{}` is not a directory", root.path));
  }
  // Mounting below a peer of the host's rootfs would show on the host.
  const bool is_private =
      root.propagation.type == MS_PRIVATE || root.propagation.type == MS_UNBINDABLE;
  const AttributeChange change{Recursive::yes, 0, 0,
                               static_cast<std::uint64_t>(is_private ? MS_PRIVATE : MS_SLAVE)};
  TRY(change_attributes(tree.get(), {&change, 1}));
  return tree;
}

Result<> check_is_procfs(int fd, const std::string& path) {
  struct statfs status = {};
  if (::fstatfs(fd, &status) != 0) return errno_error("fstatfs", fmt::format("stat `{}`", path));
  if (status.f_type == PROC_SUPER_MAGIC || sys::weakened("without-procfs-check")) return {};
  return make_error(ErrorCode::invalid_config,
                    fmt::format("`{}` is no procfs and cannot be mounted on `/proc`", path));
}

Result<Sources::Source> clone_source(const BindMount& bind) {
  Sources::Source source;
  if (bind.copy_symlink) {
    Result<std::string> text = sys::read_link_at(AT_FDCWD, bind.source);
    if (text.ok()) {
      source.symlink_text = std::move(text).value();
      return source;
    }
    if (text.error().errno_value != EINVAL) return std::move(text).error();
  }
  const unsigned flags = bind.source_nofollow ? kNoFollow : 0U;
  Result<UniqueFd> tree = clone_tree(bind.source, bind.recursive, flags);
  if (!tree.ok() && tree.error().errno_value == ENOENT && !bind.else_source.empty()) {
    tree = clone_tree(bind.else_source, bind.recursive, flags);
  }
  source.tree = TRY(std::move(tree));
  source.directory = bind.is_directory || S_ISDIR(TRY(sys::stat_fd(source.tree.get())).st_mode);
  if (bind.must_be_procfs) TRY(check_is_procfs(source.tree.get(), bind.source));
  return source;
}

Result<Sources::Source> open_source(const BindMount& bind, const Step& step) {
  const auto failed = [&step](Error error) -> Result<Sources::Source> {
    return Result<Sources::Source>(std::move(error))
        .context(fmt::format("mounts[{}]", step.mount_index))
        .at(mount_pointer(step.mount_index));
  };
  Result<Sources::Source> source = clone_source(bind);
  if (!source.ok()) return failed(std::move(source).error());
  if (!source->symlink_text.empty()) return source;
  const int tree_fd = source->tree.get();
  // Not in a context of its own: callers know how the text begins.
  Result<> unlocked = check_locks(tree_fd, bind.changes, bind.source, step.destination);
  if (!unlocked.ok()) return std::move(unlocked).at(mount_pointer(step.mount_index)).error();
  Result<> changed = change_attributes(tree_fd, bind.changes);
  if (!changed.ok()) return failed(std::move(changed).error());
  return source;
}

Result<> check_hides_nothing(int fd, const std::string& path) {
  struct statfs status = {};
  if (::fstatfs(fd, &status) != 0) return errno_error("fstatfs", fmt::format("stat `{}`", path));
  if (status.f_type != PROC_SUPER_MAGIC && status.f_type != SYSFS_MAGIC) return {};
  return make_error(ErrorCode::unsupported,
                    fmt::format("`{}` is inside the container's procfs or sysfs", path));
}

bool is_the_device(const struct stat& status, const DeviceNode& node) {
  const mode_t type = node.type == 'b' ? S_IFBLK : S_IFCHR;
  return (status.st_mode & S_IFMT) == type && status.st_rdev == ::makedev(node.major, node.minor);
}

// The host's name of a device: the container may know it by another one.
Result<std::string> host_device_path(const DeviceNode& node) {
  const std::string file = fmt::format("/sys/dev/{}/{}:{}/uevent",
                                       node.type == 'b' ? "block" : "char", node.major, node.minor);
  const std::string text = TRY(sys::read_file(file));
  constexpr std::string_view kKey = "DEVNAME=";
  const std::size_t begin = text.find(kKey);
  if (begin == std::string::npos) {
    return make_error(ErrorCode::unsupported, fmt::format("`{}` names no device file", file));
  }
  const std::size_t name = begin + kKey.size();
  return "/dev/" + text.substr(name, text.find('\n', name) - name);
}

Result<UniqueFd> clone_device(const std::string& path, const DeviceNode& node) {
  UniqueFd tree = TRY(clone_tree(path, Recursive::no, 0));
  if (!is_the_device(TRY(sys::stat_fd(tree.get())), node)) {
    return make_error(
        ErrorCode::invalid_config,
        fmt::format("`{}` is not the device {} {}:{}", path, node.type, node.major, node.minor));
  }
  constexpr AttributeChange kPrivate{Recursive::no, 0, 0, MS_PRIVATE};
  TRY(change_attributes(tree.get(), {&kPrivate, 1}));
  return tree;
}

Result<UniqueFd> open_device(const DeviceNode& node) {
  if (node.type == 'p') return UniqueFd();  // a fifo is made in every user namespace
  Result<UniqueFd> tree = clone_device(node.path, node);
  if (tree.ok()) return tree;
  Result<std::string> other = host_device_path(node);
  if (!other.ok()) return tree;
  return clone_device(*other, node);
}

}  // namespace

Sources::~Sources() {
  sys::DeferredClose all;
  all.add(std::move(root_tree));
  for (Source& source : steps) all.add(std::move(source.tree));
  for (UniqueFd& tree : device_trees) all.add(std::move(tree));
  all.add(std::move(null_device));
}

Result<Sources> open_sources(const Plan& plan, int given_root) {
  Sources sources;
  if (plan.root.attach) sources.root_tree = TRY(open_root_tree(plan.root, given_root));
  sources.steps.resize(plan.steps.size());
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto* bind = std::get_if<BindMount>(&plan.steps[i].action);
    if (bind == nullptr || !bind->inside.empty()) continue;
    sources.steps[i] = TRY(open_source(*bind, plan.steps[i]));
  }
  if (plan.device_method == DeviceMethod::bind) {
    for (const DeviceNode& node : plan.devices) {
      sources.device_trees.push_back(TRY(open_device(node).at(node.pointer)));
    }
  }
  if (!plan.masked_paths.empty()) {
    DeviceNode null_device;
    null_device.major = 1;
    null_device.minor = 3;
    sources.null_device = TRY(clone_device("/dev/null", null_device));
  }
  return sources;
}

Result<Sources::Source> open_source_inside(const BindMount& bind, const Step& step, int root_fd) {
  const UniqueFd place = TRY(sys::open_in_root_without_symlinks(root_fd, bind.inside, O_PATH));
  TRY(check_hides_nothing(place.get(), bind.inside));
  Sources::Source source;
  source.directory = S_ISDIR(TRY(sys::stat_fd(place.get())).st_mode);
  unsigned flags = OPEN_TREE_CLONE | AT_EMPTY_PATH;
  if (bind.recursive == Recursive::yes) flags |= AT_RECURSIVE;
  source.tree = TRY(sys::open_tree(place.get(), "", flags).context(bind.inside));
  TRY(check_locks(source.tree.get(), bind.changes, bind.source, step.destination));
  TRY(change_attributes(source.tree.get(), bind.changes));
  return source;
}

std::optional<std::size_t> first_inside_source(const Plan& plan) {
  for (const Step& step : plan.steps) {
    const auto* bind = std::get_if<BindMount>(&step.action);
    if (bind != nullptr && !bind->inside.empty()) return step.mount_index;
  }
  return std::nullopt;
}

Result<Sources> open_sources_in_init(const Plan& plan) {
  if (plan.root.tree == RootTree::given) {
    return make_error(ErrorCode::unsupported,
                      "a root that is given needs a runtime with CAP_SYS_ADMIN on the host");
  }
  if (has_id_mappings(plan) || has_filesystem_mappings(plan)) {
    return make_error(ErrorCode::unsupported,
                      "id-mapped mounts need a runtime with CAP_SYS_ADMIN on the host");
  }
  return open_sources(plan);
}

}  // namespace myrt::mounts
