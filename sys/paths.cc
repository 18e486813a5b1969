#include "sys/paths.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "sys/files.h"
#include "sys/weakness.h"

namespace myrt::sys {
namespace {

// openat2 answers EAGAIN when anything in the system was renamed or mounted while it walked over a
// "..". A busy host does that now and then, an attacker for ever.
constexpr int kMaxRaceRetries = 64;
// As many symlinks as the kernel follows in one path (MAXSYMLINKS).
constexpr int kMaxLinks = 40;
constexpr mode_t kParentMode = 0755;
constexpr mode_t kFileMode = 0644;

Result<UniqueFd> open_resolved(int dirfd, std::string_view path, int flags, mode_t mode,
                               std::uint64_t resolve) {
  std::string text(path);
  struct open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  // openat2 rejects a mode that would not be used.
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  if (resolve == RESOLVE_IN_ROOT && weakened("without-resolve-in-root")) {
    how.resolve = 0;
    text.insert(0, ".");
  }
  int error = 0;
  for (int i = 0; i < kMaxRaceRetries; ++i) {
    const long fd = ::syscall(SYS_openat2, dirfd, text.c_str(), &how, sizeof(how));
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    error = errno;
    if (error != EAGAIN && error != EINTR) break;
  }
  return errno_error("openat2", fmt::format("open `{}`", text), error);
}

bool is_missing(const Result<UniqueFd>& result) {
  return !result.ok() && result.error().errno_value == ENOENT;
}

// The components of a path, without the empty ones and "."; ".." stays, since only the kernel knows
// what is above a symlink's target.
std::vector<std::string_view> components_of(std::string_view path) {
  std::vector<std::string_view> components;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view component = path.substr(0, slash);
    if (!component.empty() && component != ".") components.push_back(component);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return components;
}

std::string joined(const std::vector<std::string_view>& components, std::size_t count) {
  std::string path;
  for (std::size_t i = 0; i < count; ++i) path.append("/").append(components[i]);
  return path.empty() ? "/" : path;
}

// Where the symlink `name` in the directory `parent_path` leads, seen from the root.
Result<std::string> link_target(int parent, const std::string& parent_path,
                                const std::string& name) {
  std::string target = TRY(read_link_at(parent, name));
  if (target.starts_with('/')) return target;
  return parent_path + "/" + target;
}

// A directory that was made just now. O_NOFOLLOW and the mode by fd: the name may already be
// someone else's symlink.
Result<UniqueFd> open_new_directory(int parent, const std::string& name, mode_t mode) {
  UniqueFd fd = TRY(open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  const mode_t inherited = TRY(stat_fd(fd.get())).st_mode & S_ISGID;  // mkdir(2), "Return value"
  if (::fchmod(fd.get(), mode | inherited) != 0) {
    const int error = errno;
    return errno_error("fchmod", fmt::format("chmod `{}`", name), error);
  }
  return fd;
}

Result<UniqueFd> make_directories_following(int root_fd, std::string_view path, mode_t mode,
                                            int links_left);

// One component below `parent`, whose path from the root is `parent_path`.
Result<UniqueFd> make_directory_in(int root_fd, int parent, const std::string& parent_path,
                                   const std::string& name, mode_t mode, int links_left) {
  const std::string path = parent_path + "/" + name;
  for (int i = 0; i < kMaxRaceRetries; ++i) {
    if (name != "..") {
      stop_point("mkdir", path);
      const bool by_path = weakened("without-parent-fd");
      if (::mkdirat(by_path ? root_fd : parent, (by_path ? "." + path : name).c_str(), mode) == 0) {
        return open_new_directory(parent, name, mode);
      }
      const int error = errno;
      if (error != EEXIST) return errno_error("mkdirat", fmt::format("mkdir `{}`", path), error);
    }
    // It exists: a directory that another process just made, or a symlink.
    Result<UniqueFd> existing = open_in_root(root_fd, path, O_PATH | O_DIRECTORY);
    if (!is_missing(existing)) return existing;
    Result<std::string> target = link_target(parent, parent_path, name);
    if (target.ok()) {
      return make_directories_following(root_fd, *target, mode, links_left - 1);
    }
    const int error = target.error().errno_value;
    if (error != ENOENT && error != EINVAL) return std::move(target).error();
  }
  return errno_error("mkdirat", fmt::format("mkdir `{}`", path), EAGAIN);
}

Result<UniqueFd> make_directories_following(int root_fd, std::string_view path, mode_t mode,
                                            int links_left) {
  if (links_left <= 0) return errno_error("mkdirat", fmt::format("mkdir `{}`", path), ELOOP);
  const std::vector<std::string_view> components = components_of(path);
  // Upwards to what exists (usually one step), then downwards by fd.
  std::size_t made = components.size();
  Result<UniqueFd> directory =
      open_in_root(root_fd, joined(components, made), O_PATH | O_DIRECTORY);
  while (is_missing(directory) && made > 0) {
    --made;
    directory = open_in_root(root_fd, joined(components, made), O_PATH | O_DIRECTORY);
  }
  UniqueFd fd = TRY(std::move(directory));
  for (; made < components.size(); ++made) {
    const std::string parent_path = made == 0 ? "" : joined(components, made);
    fd = TRY(make_directory_in(root_fd, fd.get(), parent_path, std::string(components[made]), mode,
                               links_left));
  }
  return fd;
}

// Makes an empty file, or finds that the name is taken (nullopt-like: an invalid fd).
Result<UniqueFd> make_empty_file(int parent, const std::string& name) {
  Result<UniqueFd> file =
      open_at(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kFileMode);
  if (!file.ok() && file.error().errno_value == EEXIST) return UniqueFd();
  const UniqueFd fd = TRY(std::move(file));
  if (::fchmod(fd.get(), kFileMode) != 0) {
    const int error = errno;
    return errno_error("fchmod", fmt::format("chmod `{}`", name), error);
  }
  return open_resolved(parent, name, O_PATH, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

struct SplitPath {
  std::string parent, name;
};

Result<SplitPath> split_last(std::string_view path) {
  const std::vector<std::string_view> components = components_of(path);
  if (components.empty() || components.back() == "..") {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("path `{}`: names a directory, not an entry of one", path));
  }
  return SplitPath{joined(components, components.size() - 1), std::string(components.back())};
}

}  // namespace

Result<UniqueFd> open_in_root(int root_fd, std::string_view path, int flags, mode_t mode) {
  return open_resolved(root_fd, path, flags, mode, RESOLVE_IN_ROOT);
}

Result<UniqueFd> open_in_root_nofollow(int root_fd, std::string_view path, int flags) {
  return open_resolved(root_fd, path, flags | O_NOFOLLOW, 0, RESOLVE_IN_ROOT);
}

Result<UniqueFd> open_in_root_without_symlinks(int root_fd, std::string_view path, int flags) {
  return open_resolved(root_fd, path, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

Result<UniqueFd> open_beneath(int root_fd, std::string_view path, int flags, mode_t mode) {
  return open_resolved(root_fd, path, flags, mode, RESOLVE_BENEATH);
}

Result<UniqueFd> make_directories_in_root(int root_fd, std::string_view path, mode_t mode) {
  Result<UniqueFd> existing =
      open_in_root(root_fd, path.empty() ? "/" : path, O_PATH | O_DIRECTORY);
  if (!is_missing(existing)) return existing;
  return make_directories_following(root_fd, path, mode, kMaxLinks);
}

Result<UniqueFd> make_mount_target(int root_fd, std::string_view path, bool directory) {
  std::string target(path.empty() ? "/" : path);
  for (int i = 0; i < kMaxLinks; ++i) {
    Result<UniqueFd> existing = open_in_root(root_fd, target, O_PATH);
    if (!is_missing(existing)) return existing;
    if (directory) return make_directories_following(root_fd, target, kParentMode, kMaxLinks);
    const SplitPath split = TRY(split_last(target));
    const UniqueFd parent = TRY(make_directories_in_root(root_fd, split.parent, kParentMode));
    UniqueFd file = TRY(make_empty_file(parent.get(), split.name));
    if (file.valid()) return file;
    // The name is taken after all: a dangling symlink, or another process was faster.
    Result<std::string> link = link_target(parent.get(), split.parent, split.name);
    if (link.ok()) target = std::move(link).value();
  }
  return errno_error("openat2", fmt::format("open `{}`", path), ELOOP);
}

Result<ParentAndName> make_parent_in_root(int root_fd, std::string_view path) {
  SplitPath split = TRY(split_last(path));
  UniqueFd parent = TRY(make_directories_in_root(root_fd, split.parent, kParentMode));
  return ParentAndName{std::move(parent), std::move(split.name)};
}

std::string clean_absolute(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view component : components_of(path)) {
    if (component != "..") {
      kept.push_back(component);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  return joined(kept, kept.size());
}

}  // namespace myrt::sys
