#include "runtime/container/state_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "sys/deferred_close.h"
#include "sys/files.h"

namespace myrt::container {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr const char* kConfig = "config.json";
constexpr const char* kPlanned = "planned.json";

constexpr int kMakeAttempts = 16;

Error does_not_exist() { return make_error(ErrorCode::not_found, "container does not exist"); }

// The directory may have been removed between our open and our lock.
Result<> check_still_linked(int directory) {
  const auto status = TRY(sys::stat_fd(directory));
  if (status.st_nlink == 0) return does_not_exist();
  return {};
}

// "process 4711 (myrt create web1)", for the error. One that has inherited the lock goes by the
// number of the one that took it.
std::string holder_text(std::optional<pid_t> holder) {
  if (!holder) return "another process";
  auto command = sys::read_file(fmt::format("/proc/{}/cmdline", *holder));
  if (!command.ok()) return fmt::format("a child of process {}, which is gone,", *holder);
  std::replace(command->begin(), command->end(), '\0', ' ');
  return fmt::format("process {} ({:.200})", *holder, *command);
}

// Whether the file was written after container.json was.
bool is_newer(int directory, const char* file) {
  struct stat ours = {};
  struct stat theirs = {};
  if (::fstatat(directory, kContainerFile, &ours, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (::fstatat(directory, file, &theirs, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return theirs.st_mtim.tv_sec != ours.st_mtim.tv_sec
             ? theirs.st_mtim.tv_sec > ours.st_mtim.tv_sec
             : theirs.st_mtim.tv_nsec > ours.st_mtim.tv_nsec;
}

// Guardian throttles a container by moving its processes to another cgroup and naming that in
// state.json, whose other members it does not keep (contract §1.8).
void follow_view(ContainerState& state, const std::string& view) {
  const auto unified = unified_cgroup_of_view(view);
  if (!unified) return;
  cgroups::Location moved{.mode = cgroups::Mode::v2, .directories = {{"", *unified}}};
  if (moved.directories == state.cgroup.directories) return;
  state.former_cgroup = std::exchange(state.cgroup, std::move(moved));
}

// The first one needs no rename: as long as it is not whole, nobody has been told of it, and of one
// that stays so load() takes nothing.
Result<> save_view(int directory, const std::string& view) {
  auto written = sys::write_new_file_at(directory, kLibcontainerView, view, kFileMode);
  if (written.ok() || written.error().errno_value != EEXIST) return written;
  return sys::replace_file_at(directory, kLibcontainerView, view, kFileMode);
}

}  // namespace

Result<> validate_id(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '.' || c == '-';
  };
  constexpr std::size_t kMaxLength = 255;  // one directory name
  if (id.empty() || id == "." || id == ".." || id.size() > kMaxLength ||
      !std::all_of(id.begin(), id.end(), allowed)) {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("invalid container ID format: `{}`", id));
  }
  return {};
}

StateDirectory::StateDirectory(StateDirectory&& other) noexcept
    : root_(std::move(other.root_)),
      directory_(std::move(other.directory_)),
      id_(std::move(other.id_)),
      made_(std::exchange(other.made_, false)) {}

StateDirectory::~StateDirectory() {
  if (made_) ignore(remove(), "nothing else can be done for it; `delete --force` still can");
  sys::DeferredClose neighbours;
  neighbours.add(std::move(root_));
  neighbours.add(std::move(directory_));
}

Result<StateDirectory> StateDirectory::create(const std::string& root, const std::string& id) {
  TRY(validate_id(id));
  auto root_fd = sys::open(root, O_PATH | O_DIRECTORY);
  if (!root_fd.ok()) {
    TRY(sys::make_directories(root, kDirectoryMode));
    root_fd = sys::open(root, O_PATH | O_DIRECTORY);
  }
  StateDirectory state(TRY(std::move(root_fd)), {}, id);
  for (int attempt = 1;; ++attempt) {
    auto made = state.make();
    if (made.ok()) return state;
    // A `delete --force` or `gc` took it for what a dead runtime has left: between our mkdir and
    // our lock it looks like that.
    const bool lost = made.error().code == ErrorCode::not_found;
    if (!lost || attempt == kMakeAttempts) return std::move(made).error();
  }
}

// Makes and locks it. Errors: not_found when it was deleted before it was locked.
Result<> StateDirectory::make() {
  const auto made = sys::mkdir_at(root_.get(), id_, kDirectoryMode);
  if (!made.ok()) {
    if (made.error().errno_value != EEXIST) return made.error();
    return make_error(ErrorCode::already_exists, "container with given ID already exists");
  }
  made_ = true;
  auto locked = [&]() -> Result<> {
    auto opened = sys::open_at(root_.get(), id_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!opened.ok() && opened.error().errno_value == ENOENT) return does_not_exist();
    directory_ = TRY(std::move(opened));
    return lock();
  }();
  // What has the name now may be another container.
  if (!locked.ok() && locked.error().code == ErrorCode::not_found) made_ = false;
  return locked;
}

Result<StateDirectory> StateDirectory::open(const std::string& root, const std::string& id,
                                            Lock lock) {
  TRY(validate_id(id));
  auto root_fd = sys::open(root, O_PATH | O_DIRECTORY);
  if (!root_fd.ok()) {
    if (root_fd.error().errno_value == ENOENT) return does_not_exist();
    return std::move(root_fd).error();
  }
  sys::UniqueFd root_directory = TRY(std::move(root_fd));
  auto opened = sys::open_at(root_directory.get(), id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!opened.ok()) {
    if (opened.error().errno_value == ENOENT) return does_not_exist();
    return std::move(opened).error();
  }
  StateDirectory state(std::move(root_directory), TRY(std::move(opened)), id);
  if (lock == Lock::exclusive) TRY(state.lock());
  return state;
}

bool StateDirectory::is_linked() const { return check_still_linked(directory_.get()).ok(); }

bool StateDirectory::try_lock() {
  return sys::lock_exclusive(directory_.get(), std::chrono::milliseconds(0)).ok();
}

void StateDirectory::unlock() { ::flock(directory_.get(), LOCK_UN); }

Result<> StateDirectory::lock() {
  auto locked = sys::lock_exclusive(directory_.get(), kLockBound);
  if (!locked.ok() && locked.error().code == ErrorCode::timeout) {
    locked.error().message =
        fmt::format("waited {} s for the lock of container `{}`, which {} holds",
                    kLockBound.count(), id_, holder_text(sys::lock_holder(directory_.get())));
    return std::move(locked).in_phase(Phase::state);
  }
  TRY(std::move(locked));
  return check_still_linked(directory_.get());
}

Result<> StateDirectory::remove() {
  // Usually there is nothing else in it, and so no need to look.
  for (const char* name : {kLibcontainerView, kContainerFile, kConfig}) {
    if (directory_.valid()) ::unlinkat(directory_.get(), name, 0);
  }
  if (::unlinkat(root_.get(), id_.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    TRY(sys::remove_tree_at(root_.get(), id_));
  }
  made_ = false;
  return {};
}

Result<> StateDirectory::save_config(std::string_view config_json) {
  return sys::write_new_file_at(directory_.get(), kConfig, config_json, kFileMode);
}

Result<std::string> StateDirectory::load_config() const {
  return sys::read_plain_file_at(directory_.get(), kConfig);
}

Result<> StateDirectory::save_plan(const ContainerState& state) {
  return sys::write_new_file_at(directory_.get(), kPlanned, to_json(state), kFileMode);
}

Result<> StateDirectory::claim(const ContainerState& planned, const ContainerState& actual) {
  if (actual.cgroup == planned.cgroup && actual.found_cgroups.empty()) {
    return sys::rename_at(directory_.get(), kPlanned, kContainerFile);
  }
  TRY(save(actual));
  ::unlinkat(directory_.get(), kPlanned, 0);
  return {};
}

StateDirectory::Documents StateDirectory::documents(const ContainerState& state) {
  // Without a pid there is nothing that the view could say.
  return {state.pid != 0 ? to_libcontainer_json(state) : std::string(), to_json(state)};
}

Result<> StateDirectory::save(const Documents& documents) {
  // Before container.json, so that it is newer only when somebody else wrote it.
  if (!documents.libcontainer_view.empty()) {
    TRY(save_view(directory_.get(), documents.libcontainer_view));
  }
  return sys::replace_file_at(directory_.get(), kContainerFile, documents.container, kFileMode);
}

// What a runtime that was killed wrote of its plan may end anywhere: then it had acquired nothing,
// and there is no plan either (the error is that of the missing container.json).
Result<ContainerState> StateDirectory::load_plan(Error missing) const {
  auto text = sys::read_plain_file_at(directory_.get(), kPlanned);
  if (!text.ok()) return text.error().errno_value == ENOENT ? std::move(missing) : text.error();
  auto state = from_json(*text);
  if (!state.ok()) return missing;
  state->claimed = false;
  return state;
}

Result<ContainerState> StateDirectory::load() const {
  auto text = sys::read_plain_file_at(directory_.get(), kContainerFile);
  if (!text.ok() && text.error().errno_value == ENOENT) return load_plan(text.error());
  ContainerState state =
      TRY(from_json(TRY(std::move(text))).context(kContainerFile).in_phase(Phase::state));
  if (state.cgroup.mode == cgroups::Mode::v2 && is_newer(directory_.get(), kLibcontainerView)) {
    follow_view(state, TRY(sys::read_plain_file_at(directory_.get(), kLibcontainerView)));
  }
  return state;
}

Result<std::vector<std::string>> list_state_directories(const std::string& root) {
  auto directory = sys::open(root, O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) {
    if (directory.error().errno_value == ENOENT) return std::vector<std::string>();
    return std::move(directory).error();
  }
  std::vector<std::string> ids = TRY(sys::list_directory(directory.value().get()));
  // A stray file in the root is not a container.
  ids.erase(std::remove_if(ids.begin(), ids.end(),
                           [](const std::string& id) { return !validate_id(id).ok(); }),
            ids.end());
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace myrt::container
