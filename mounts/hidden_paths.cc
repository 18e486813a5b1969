#include <sys/mount.h>

#include "mounts/apply.h"
#include "mounts/attributes.h"
#include "sys/deferred_close.h"
#include "sys/paths.h"
#include "sys/weakness.h"

namespace myrt::mounts {
namespace {

using sys::UniqueFd;

// nullopt-like: an invalid fd when there is nothing to hide.
Result<UniqueFd> or_nothing(Result<UniqueFd> target) {
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

  Result<> put_on(int target_fd, const std::string& path, sys::DeferredClose& done) {
    if (!attached_) {
      TRY(sys::move_mount_onto(mount_.get(), target_fd, path));
      attached_ = true;
      return {};
    }
    UniqueFd clone = TRY(sys::open_tree(mount_.get(), "", OPEN_TREE_CLONE | AT_EMPTY_PATH));
    TRY(sys::move_mount_onto(clone.get(), target_fd, path));
    done.add(std::move(clone));
    return {};
  }
  bool valid() const { return mount_.valid(); }
  UniqueFd take() { return std::move(mount_); }

 private:
  UniqueFd mount_;
  bool attached_ = false;
};

Result<UniqueFd> make_empty_directory(sys::DeferredClose& done) {
  UniqueFd fs = TRY(sys::fsopen("tmpfs"));
  TRY(sys::fsconfig_string(fs.get(), "source", "tmpfs"));
  TRY(sys::fsconfig_string(fs.get(), "nr_inodes", "1"));
  TRY(sys::fsconfig_create(fs.get()));
  auto mount = sys::fsmount(
      fs.get(), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  done.add(std::move(fs));
  return mount;
}

struct Covers {
  Cover file, directory;
  sys::DeferredClose done;  // fds that nobody needs any more
};

Result<> mask(const std::string& path, int root_fd, Covers& covers) {
  // The open says what it is. What is exchanged between the two is refused: the kernel mounts files
  // on files only.
  Result<UniqueFd> found = sys::open_in_root(root_fd, path, O_PATH | O_DIRECTORY);
  const bool is_directory = found.ok();
  if (!found.ok() && found.error().errno_value == ENOTDIR) {
    found = sys::open_in_root(root_fd, path, O_PATH);
  }
  UniqueFd target = TRY(or_nothing(std::move(found)));
  if (!target.valid()) return {};
  if (is_directory && !covers.directory.valid()) {
    covers.directory = Cover(TRY(make_empty_directory(covers.done)));
  }
  Cover& cover = is_directory ? covers.directory : covers.file;
  if (!is_directory && sys::weakened("without-own-null")) {
    cover = Cover(TRY(sys::open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE)));
  }
  TRY(cover.put_on(target.get(), path, covers.done));
  covers.done.add(std::move(target));
  return {};
}

Result<> make_read_only(const std::string& path, int root_fd, sys::DeferredClose& done) {
  UniqueFd target = TRY(or_nothing(sys::open_in_root(root_fd, path, O_PATH)));
  if (!target.valid()) return {};
  UniqueFd tree =
      TRY(sys::open_tree(target.get(), "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE));
  constexpr AttributeChange kReadOnly{sys::Recursive::yes, MOUNT_ATTR_RDONLY, 0, 0};
  TRY(change_attributes(tree.get(), {&kReadOnly, 1}));
  TRY(sys::move_mount_onto(tree.get(), target.get(), path));
  done.add(std::move(tree));
  done.add(std::move(target));
  return {};
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
  Covers covers{Cover(std::move(sources.null_device)), Cover(UniqueFd()), {}};
  for (std::size_t i = 0; i < plan.masked_paths.size(); ++i) {
    const std::string& path = plan.masked_paths[i];
    TRY(blamed(mask(path, root.fd.get(), covers), "mask", path, "maskedPaths", i));
  }
  for (std::size_t i = 0; i < plan.readonly_paths.size(); ++i) {
    const std::string& path = plan.readonly_paths[i];
    TRY(blamed(make_read_only(path, root.fd.get(), covers.done), "make read-only", path,
               "readonlyPaths", i));
  }
  covers.done.add(covers.file.take());
  covers.done.add(covers.directory.take());
  covers.done.leave_open();
  return {};
}

}  // namespace myrt::mounts
