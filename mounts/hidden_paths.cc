#include <sys/mount.h>
#include <sys/stat.h>

#include "mounts/apply.h"
#include "mounts/attributes.h"
#include "sys/files.h"
#include "sys/paths.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

// nullopt-like: an invalid fd when there is nothing to hide.
Result<UniqueFd> open_existing(int root_fd, const std::string& path) {
  Result<UniqueFd> target = sys::open_in_root(root_fd, path, O_PATH);
  if (target.ok()) return target;
  const int error = target.error().errno_value;
  if (error == ENOENT || error == ENOTDIR) return UniqueFd();
  return target;
}

// One mount that covers any number of paths: itself the first, then clones of it. Cloning needs a
// mount of this namespace, which it is once it has been attached.
class Cover {
 public:
  explicit Cover(UniqueFd mount) : mount_(std::move(mount)) {}

  Result<> put_on(int target_fd, const std::string& path) {
    if (!attached_) {
      TRY(sys::move_mount_onto(mount_.get(), target_fd, path));
      attached_ = true;
      return {};
    }
    const UniqueFd clone = TRY(sys::open_tree(mount_.get(), "", OPEN_TREE_CLONE | AT_EMPTY_PATH));
    return sys::move_mount_onto(clone.get(), target_fd, path);
  }
  bool valid() const { return mount_.valid(); }

 private:
  UniqueFd mount_;
  bool attached_ = false;
};

Result<UniqueFd> make_empty_directory() {
  const UniqueFd fs = TRY(sys::fsopen("tmpfs"));
  TRY(sys::fsconfig_string(fs.get(), "source", "tmpfs"));
  TRY(sys::fsconfig_string(fs.get(), "mode", "755"));
  TRY(sys::fsconfig_string(fs.get(), "nr_inodes", "1"));
  TRY(sys::fsconfig_create(fs.get()));
  return sys::fsmount(fs.get(),
                      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

Result<> mask(const std::string& path, int root_fd, Cover& file, Cover& directory) {
  const UniqueFd target = TRY(open_existing(root_fd, path));
  if (!target.valid()) return {};
  if (!S_ISDIR(TRY(sys::stat_fd(target.get())).st_mode)) return file.put_on(target.get(), path);
  if (!directory.valid()) directory = Cover(TRY(make_empty_directory()));
  return directory.put_on(target.get(), path);
}

Result<> make_read_only(const std::string& path, int root_fd) {
  const UniqueFd target = TRY(open_existing(root_fd, path));
  if (!target.valid()) return {};
  const UniqueFd tree =
      TRY(sys::open_tree(target.get(), "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE));
  constexpr AttributeChange kReadOnly{sys::Recursive::yes, MOUNT_ATTR_RDONLY, 0, 0};
  TRY(change_attributes(tree.get(), {&kReadOnly, 1}));
  return sys::move_mount_onto(tree.get(), target.get(), path);
}

Result<> blamed(Result<> result, const char* verb, const std::string& path, const char* list,
                std::size_t index) {
  if (result.ok()) return result;
  return std::move(result)
      .context(fmt::format("{} `{}`", verb, path))
      .at(fmt::format("/linux/{}/{}", list, index));
}

}  // namespace

Result<> hide_paths(const Plan& plan, Sources& sources, const Root& root) {
  Cover file(std::move(sources.null_device));
  Cover directory{UniqueFd()};
  for (std::size_t i = 0; i < plan.masked_paths.size(); ++i) {
    const std::string& path = plan.masked_paths[i];
    TRY(blamed(mask(path, root.fd.get(), file, directory), "mask", path, "maskedPaths", i));
  }
  for (std::size_t i = 0; i < plan.readonly_paths.size(); ++i) {
    const std::string& path = plan.readonly_paths[i];
    TRY(blamed(make_read_only(path, root.fd.get()), "make read-only", path, "readonlyPaths", i));
  }
  return {};
}

}  // namespace myrt::mounts
