// State on disk: ROOT/ID/ with config.json (a copy), planned.json and then container.json (ours),
// state.json (a libcontainer view) and start.sock.
//
// What a creation is about to acquire is in planned.json before it is acquired, and container.json
// comes to be by rename only: whenever the runtime dies, one of the two says whole what there may
// be, and `delete --force` and `gc` undo it. As long as it is planned.json, no process of the
// container exists, and the cgroups that it names may be another container's.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/container/container_state.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::container {

inline constexpr const char* kContainerFile = "container.json";
inline constexpr const char* kLibcontainerView = "state.json";

enum class Lock : std::uint8_t { none, exclusive };

// One container's state directory. The lock, if any, is held as long as the object lives. A
// directory that this object made is removed again by the destructor unless keep() was called.
class StateDirectory {
 public:
  // Makes ROOT (0700 parents as needed) and ROOT/ID, locked. Errors: invalid_argument for a bad id
  // (OPS-04); already_exists (OPS-03) with the text that engines match.
  static Result<StateDirectory> create(const std::string& root, const std::string& id);
  // Errors: not_found with the text that engines match (`container does not exist`); timeout when
  // the lock is not to be had (kLockBound).
  static Result<StateDirectory> open(const std::string& root, const std::string& id, Lock lock);

  StateDirectory(StateDirectory&& other) noexcept;
  StateDirectory& operator=(StateDirectory&&) = delete;
  StateDirectory(const StateDirectory&) = delete;
  ~StateDirectory();

  int fd() const { return directory_.get(); }
  const std::string& id() const { return id_; }
  void keep() { made_ = false; }
  Result<> remove();

  // Whether it still has its name: it may have been removed since it was opened.
  bool is_linked() const;
  // False while another process holds the lock, that is: creates, starts or deletes the container.
  bool try_lock();
  // Between the two, others may do with the container what they like. Errors of lock(): not_found
  // when it has been deleted since; another container may have the name by now; timeout.
  void unlock();
  Result<> lock();

  // The config of the container as it was when it was created (CFG-10).
  Result<> save_config(std::string_view config_json);
  Result<std::string> load_config() const;
  // Before anything but this directory is acquired.
  Result<> save_plan(const ContainerState& state);
  // What was planned is the container's: its cgroups were made for it, or found empty. From here
  // on its processes may be in them. One rename where all has come as planned.
  Result<> claim(const ContainerState& planned, const ContainerState& actual);
  // The texts of the state, and putting them on disk: apart, so that the first can be done while
  // others are at work.
  struct Documents {
    std::string libcontainer_view, container;
  };
  static Documents documents(const ContainerState& state);
  Result<> save(const Documents& documents);
  Result<> save(const ContainerState& state) { return save(documents(state)); }
  // What was planned, where it never came to more. ENOENT where there is neither.
  Result<ContainerState> load() const;

 private:
  Result<> make();
  Result<ContainerState> load_plan(Error missing) const;
  StateDirectory(sys::UniqueFd root, sys::UniqueFd directory, std::string id)
      : root_(std::move(root)), directory_(std::move(directory)), id_(std::move(id)) {}

  sys::UniqueFd root_, directory_;
  std::string id_;
  bool made_ = false;
};

// Another command that works on the container is waited for this long.
inline constexpr std::chrono::seconds kLockBound{10};

Result<> validate_id(std::string_view id);
// Ids below `root`, sorted; none when there is no such directory.
Result<std::vector<std::string>> list_state_directories(const std::string& root);

}  // namespace myrt::container
