#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "cgroups/existing.h"
#include "cgroups/tree.h"
#include "sys/files.h"
#include "sys/paths.h"
#include "sys/weakness.h"

namespace myrt::cgroups {
namespace {

// Each controller that is named must be somewhere.
Result<> check_controllers(const Location& location, const std::vector<SubCgroup>& subs) {
  for (const SubCgroup& sub : subs) {
    for (const std::string& controller : sub.controllers) {
      if (directory_of(location, controller) == nullptr) {
        return make_error(ErrorCode::invalid_argument,
                          fmt::format("unknown controller `{}`", controller));
      }
    }
  }
  return {};
}

// The sub-path for one hierarchy: of the last entry that names it, or else of the last that names
// none.
std::string path_for(const std::string& joined_controllers, const std::vector<SubCgroup>& subs) {
  std::string general;
  std::string named;
  bool has_named = false;
  for (const SubCgroup& sub : subs) {
    if (sub.controllers.empty()) general = sub.path;
    for (const std::string& controller : sub.controllers) {
      if (!has_controller(joined_controllers, controller)) continue;
      named = sub.path;
      has_named = true;
    }
  }
  return has_named ? named : general;
}

Result<sys::UniqueFd> open_place(const std::string& directory, std::string path) {
  sys::UniqueFd base = TRY(sys::open(directory, O_RDONLY | O_DIRECTORY));
  path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
  if (path.empty()) return base;
  if (sys::weakened("without-beneath")) {
    return sys::open_at(base.get(), path, O_RDONLY | O_DIRECTORY);
  }
  Result<sys::UniqueFd> place = sys::open_beneath(base.get(), path, O_RDONLY | O_DIRECTORY);
  if (place.ok()) return place;
  if (place.error().errno_value == EXDEV) {
    return make_error(ErrorCode::invalid_argument, fmt::format("bad sub cgroup path `{}`", path));
  }
  if (place.error().errno_value == ENOENT) place.error().code = ErrorCode::not_found;
  return std::move(place).context(fmt::format("sub-cgroup of `{}`", directory));
}

}  // namespace

Result<sys::UniqueFd> clone_fd(const Location& location, const std::vector<SubCgroup>& subs) {
  TRY(check_controllers(location, subs));
  const std::string* unified = unified_directory(location);
  if (unified == nullptr) return sys::UniqueFd();
  return open_place(*unified, path_for("", subs));
}

Result<SelfJoin> open_self_join(const Location& location, const std::vector<SubCgroup>& subs) {
  TRY(check_controllers(location, subs));
  SelfJoin self_join;
  for (const auto& [controllers, directory] : location.directories) {
    if (controllers.empty()) continue;
    const std::string path = path_for(controllers, subs);
    // Opening the file straight away is one syscall less for the usual case.
    if (path.find_first_not_of('/') == std::string::npos) {
      self_join.files.push_back(TRY(sys::open(directory + "/tasks", O_WRONLY)));
    } else {
      const sys::UniqueFd place = TRY(open_place(directory, path));
      self_join.files.push_back(TRY(sys::open_at(place.get(), "tasks", O_WRONLY)));
    }
    self_join.names.push_back(fmt::format("{}/{}/tasks", directory, path));
  }
  return self_join;
}

Result<> add_process(const Location& location, pid_t pid, Placed placed,
                     const std::vector<SubCgroup>& subs) {
  TRY(check_controllers(location, subs));
  const std::string text = fmt::to_string(pid);
  for (const auto& [controllers, directory] : location.directories) {
    if (controllers.empty() && placed == Placed::by_clone) continue;
    const sys::UniqueFd place = TRY(open_place(directory, path_for(controllers, subs)));
    TRY(sys::write_kernel_file_at(place.get(), "cgroup.procs", text).context(directory));
  }
  return {};
}

}  // namespace myrt::cgroups
