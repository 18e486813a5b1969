// What the cgroup tests share: they work on whatever is mounted at /sys/fs/cgroup (v1, hybrid or
// v2) with cgroups named myrt-test-<pid> only, which are removed at the end also when a test fails.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cgroups/cgroup.h"
#include "cgroups/existing.h"
#include "cgroups/hierarchy.h"
#include "cgroups/plan.h"
#include "cgroups/tree.h"
#include "sys/files.h"
#include "sys/process.h"
#include "tests/support/catch.h"

namespace myrt::cgroups {

inline std::string unique_path() { return "/myrt-test-" + std::to_string(::getpid()); }

template <class T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

inline const Host& host() {
  static const Host kHost = must(discover());
  return kHost;
}

inline oci::Spec spec_with(const oci::Resources& resources, const std::string& suffix = "") {
  oci::Spec spec;
  spec.linux.emplace();
  spec.linux->cgroups_path = unique_path() + suffix;
  spec.linux->resources = resources;
  return spec;
}

inline Plan plan_for(const oci::Resources& resources, const std::string& suffix = "") {
  return must(plan(spec_with(resources, suffix), host(),
                   {.container_id = "test",
                    .rootless = Rootless::no,
                    .user_namespace = UserNamespace::initial}));
}

inline bool has_controller_here(const std::string& controller) {
  for (const Hierarchy& hierarchy : host().hierarchies) {
    const auto& names = hierarchy.controllers;
    if (std::find(names.begin(), names.end(), controller) != names.end()) return true;
    if (host().mode != Mode::v2 || !names.empty()) continue;
    const auto present =
        split_words(must(sys::read_file(hierarchy.mount_point + "/cgroup.controllers")));
    if (std::find(present.begin(), present.end(), controller) != present.end()) return true;
  }
  return false;
}

// A member of the cgroup that runs `work` once told to; its result is the exit code.
class Member {
 public:
  Member(const Cgroup& cgroup, const std::function<int()>& work) {
    int go[2];
    int joined[2];
    REQUIRE(::pipe2(go, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(joined, O_CLOEXEC) == 0);
    const SelfJoin self_join = must(cgroup.open_self_join());
    auto child = must(sys::clone3({.flags = 0, .cgroup_fd = cgroup.clone_fd()}));
    if (!child) {
      ::close(go[1]);
      char letter = join_self(self_join).ok() ? 'j' : 'f';
      if (::write(joined[1], &letter, 1) != 1) ::_exit(101);
      // EOF: the test is over
      if (::read(go[0], &letter, 1) != 1) ::_exit(102);
      ::_exit(work());
    }
    ::close(go[0]);
    ::close(joined[1]);
    go_ = sys::UniqueFd(go[1]);
    const sys::UniqueFd answer(joined[0]);
    char letter = 0;
    REQUIRE(::read(answer.get(), &letter, 1) == 1);
    REQUIRE(letter == 'j');
    child_ = *std::move(child);
  }
  pid_t pid() const { return child_.pid(); }
  void go() { REQUIRE(::write(go_.get(), "g", 1) == 1); }
  sys::ExitStatus wait() { return must(child_.wait()); }

 private:
  sys::UniqueFd go_;
  sys::ChildProcess child_;
};

// Removes whatever a failed test has left.
struct Cleanup {
  ~Cleanup() {
    Location all{.mode = host().mode, .directories = {}};
    for (const Hierarchy& hierarchy : host().hierarchies) {
      all.directories.emplace_back(hierarchy.controllers.empty() ? "" : hierarchy.controllers[0],
                                   hierarchy.mount_point + unique_path());
    }
    ignore(kill_all(all, SIGKILL), "cleanup");
    ignore(remove(all), "cleanup");
  }
};

inline bool is_root() {
  if (::geteuid() == 0) return true;
  WARN("needs root");
  return false;
}

inline bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

inline std::string file_of(const Location& location, const std::string& controller,
                           const std::string& file) {
  const std::string* directory =
      host().mode == Mode::v2 ? unified_directory(location) : directory_of(location, controller);
  REQUIRE(directory != nullptr);
  std::string text = must(sys::read_file(*directory + "/" + file));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace myrt::cgroups
