#include "cgroups/make_directory.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "cgroups/tree.h"
#include "sys/files.h"

namespace myrt::cgroups {
namespace {

constexpr mode_t kDirectoryMode = 0755;
constexpr int kMakeAttempts = 5;

// "/a", "/a/b", "/a/b/c" of "/a/b/c", without the last one.
std::vector<std::string> parents_of(const std::string& path) {
  std::vector<std::string> parents;
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    parents.push_back(path.substr(0, slash));
  }
  return parents;
}

Result<LeafState> make_one(const std::string& directory) {
  if (::mkdir(directory.c_str(), kDirectoryMode) == 0) return LeafState::made;
  const int error = errno;
  if (error == EEXIST) return LeafState::existed;
  return errno_error("mkdir", fmt::format("mkdir `{}`", directory), error);
}

std::string trimmed(std::string text) {
  const std::size_t end = text.find_last_not_of(" \n");
  text.erase(end == std::string::npos ? 0 : end + 1);
  return text;
}

// The value of a cpuset file in `path` or, when empty there, from above, which is then filled in.
Result<std::string> fill_cpuset(const std::string& mount_point, const std::string& path,
                                const std::string& file, LeafState state) {
  const std::string name = fmt::format("{}{}/{}", mount_point, path, file);
  if (state == LeafState::existed) {
    std::string own = trimmed(TRY(sys::read_kernel_file(name)));
    if (!own.empty() || path.empty()) return own;
  }
  const std::string value =
      TRY(fill_cpuset(mount_point, path.substr(0, path.rfind('/')), file, LeafState::existed));
  if (!value.empty()) TRY(sys::write_kernel_file_at(AT_FDCWD, name, value));
  return value;
}

std::vector<std::string> missing_from(const std::vector<std::string>& wanted,
                                      const std::vector<std::string>& present) {
  std::vector<std::string> missing;
  for (const std::string& name : wanted) {
    if (std::find(present.begin(), present.end(), name) == present.end()) missing.push_back(name);
  }
  return missing;
}

Result<> enable_in(const std::string& directory, const std::vector<std::string>& wanted) {
  const std::string file = directory + "/cgroup.subtree_control";
  const std::vector<std::string> missing =
      missing_from(wanted, split_words(TRY(sys::read_kernel_file(file))));
  if (missing.empty()) return {};
  // All at once is one RCU grace period; one that cannot be enabled spoils it for the others.
  if (sys::write_kernel_file_at(AT_FDCWD, file, fmt::format("+{}", fmt::join(missing, " +")))
          .ok()) {
    return {};
  }
  Result<> first;
  for (const std::string& name : missing) {
    Result<> enabled = sys::write_kernel_file_at(AT_FDCWD, file, "+" + name);
    if (first.ok() && !enabled.ok()) first = std::move(enabled);
  }
  return first;
}

}  // namespace

Result<LeafState> make_directory(const Directory& directory, std::vector<MadeDirectory>& made) {
  const std::string leaf = directory.mount_point + directory.path;
  for (int attempt = 1;; ++attempt) {
    Result<LeafState> state = make_one(leaf);
    if (state.ok() && *state == LeafState::made) made.push_back({.directory = leaf, .leaf = true});
    // Another container's removal may take a shared parent away between the two steps.
    if (state.ok() || state.error().errno_value != ENOENT || attempt == kMakeAttempts) return state;
    for (const std::string& parent : parents_of(directory.path)) {
      const Result<LeafState> parent_state = make_one(directory.mount_point + parent);
      if (!parent_state.ok() && parent_state.error().errno_value == ENOENT) break;
      if (TRY(Result<LeafState>(parent_state)) == LeafState::made) {
        made.push_back({.directory = directory.mount_point + parent, .leaf = false});
      }
    }
  }
}

Result<> check_reusable(const std::string& leaf, const std::vector<std::string>& controllers) {
  const std::vector<pid_t> pids = TRY(pids_below(leaf));
  if (!pids.empty()) {
    return make_error(ErrorCode::wrong_status,
                      fmt::format("container's cgroup is not empty: {} process(es) found in `{}`",
                                  pids.size(), leaf));
  }
  const bool unified = controllers.empty();
  if (!unified &&
      std::find(controllers.begin(), controllers.end(), "freezer") == controllers.end()) {
    return {};
  }
  const std::optional<std::string> text =
      TRY(read_if_present(leaf + (unified ? "/cgroup.events" : "/freezer.state")));
  if (!text) return {};
  const bool frozen =
      unified ? flat_keyed_value(*text, "frozen").value_or(0) == 1 : trimmed(*text) != "THAWED";
  if (!frozen) return {};
  return make_error(ErrorCode::wrong_status,
                    fmt::format("container's cgroup unexpectedly frozen: `{}`", leaf));
}

Result<> inherit_cpuset(const Directory& directory, LeafState state) {
  TRY(fill_cpuset(directory.mount_point, directory.path, "cpuset.cpus", state));
  TRY(fill_cpuset(directory.mount_point, directory.path, "cpuset.mems", state));
  return {};
}

Result<> enable_controllers(const Directory& directory) {
  const std::string leaf = directory.mount_point + directory.path;
  const std::vector<std::string> available =
      split_words(TRY(sys::read_kernel_file(directory.mount_point + "/cgroup.controllers")));
  if (available.empty()) return {};
  const std::vector<std::string> present =
      split_words(TRY(sys::read_kernel_file(leaf + "/cgroup.controllers")));
  // The usual case, when engine or host have enabled them on the way down long ago.
  if (missing_from(available, present).empty()) return {};
  Result<> first = enable_in(directory.mount_point, available);
  for (const std::string& parent : parents_of(directory.path)) {
    const std::string where = directory.mount_point + parent;
    const std::vector<std::string> here =
        split_words(TRY(sys::read_kernel_file(where + "/cgroup.controllers")));
    Result<> enabled = enable_in(where, here);
    if (first.ok() && !enabled.ok()) first = std::move(enabled);
  }
  return first;
}

}  // namespace myrt::cgroups
