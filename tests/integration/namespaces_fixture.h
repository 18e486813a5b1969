// Processes in namespaces of their own, for the tests of joining and making them.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "namespaces/enter.h"
#include "namespaces/id_mappings.h"
#include "sys/credentials.h"
#include "sys/process.h"
#include "tests/integration/in_child.h"

namespace myrt::test {

using namespaces::Join;
using namespaces::Plan;

inline const sys::Procfs& procfs() {
  static const Result<sys::Procfs> opened = sys::Procfs::open();
  return *opened;
}

// A process in new namespaces that waits to be killed, as a container's init would.
class Container {
 public:
  Container(std::uint64_t flags, std::vector<oci::IdMapping> ids) {
    Result<std::optional<sys::ChildProcess>> cloned = sys::clone3({flags, -1});
    if (!cloned.ok()) return;
    if (!cloned->has_value()) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) ::pause();
    }
    process_ = std::move(**cloned);
    if ((flags & CLONE_NEWUSER) == 0) return;
    Plan plan;
    plan.new_flags = CLONE_NEWUSER;
    plan.uid_mappings = ids;
    plan.gid_mappings = std::move(ids);
    mapped_ = write_id_mappings(procfs(), process_.pid(), plan);
  }
  bool usable() const { return process_.valid() && mapped_.ok(); }
  pid_t pid() const { return process_.pid(); }
  int pidfd() const { return process_.pidfd(); }
  std::string path(const char* name) const {
    return "/proc/" + std::to_string(pid()) + "/ns/" + name;
  }

 private:
  sys::ChildProcess process_;
  Result<> mapped_;
};

inline std::string link_text(const std::string& path) {
  const Result<std::string> text = sys::read_link_at(AT_FDCWD, path);
  return text.ok() ? *text : text.error().message;
}

inline Join join_of(oci::NamespaceType type, const std::string& path) {
  return {type, path, "/pointer", {}};
}

// What `body` says in a child of this process, made with clone3 `flags`.
template <class Body>
std::string in_clone(std::uint64_t flags, Body body) {
  int ends[2] = {-1, -1};
  FAIL_UNLESS(::pipe2(ends, O_CLOEXEC) == 0);
  const sys::UniqueFd reader(ends[0]);
  sys::UniqueFd writer(ends[1]);
  Result<std::optional<sys::ChildProcess>> child = sys::clone3({flags, -1});
  FAIL_UNLESS_OK(child);
  if (!child->has_value()) {
    ignore(sys::write_all(writer.get(), body(), "pipe"), "the parent sees that it is empty");
    ::_exit(0);
  }
  writer.reset();
  const Result<std::string> words = sys::read_all(reader.get(), "pipe");
  FAIL_UNLESS_OK((*child)->wait());
  return words.ok() ? *words : words.error().message;
}

// Gives up root for good, but not the right to look into itself.
inline bool become_unprivileged(uid_t id) {
  return sys::set_groups({}).ok() && sys::set_resgid(id).ok() && sys::set_resuid(id).ok() &&
         ::prctl(PR_SET_DUMPABLE, 1) == 0;
}

// Waits in a new user namespace for its maps, then runs `body` there. `plan` has the maps.
template <class Body>
std::string in_new_user_namespace(const Plan& plan, Body body) {
  int go[2] = {-1, -1};
  int answer[2] = {-1, -1};
  FAIL_UNLESS(::pipe2(go, O_CLOEXEC) == 0 && ::pipe2(answer, O_CLOEXEC) == 0);
  const sys::UniqueFd go_reader(go[0]), answer_reader(answer[0]);
  sys::UniqueFd go_writer(go[1]), answer_writer(answer[1]);
  Result<std::optional<sys::ChildProcess>> child = sys::clone3({plan.clone_flags, -1});
  FAIL_UNLESS_OK(child);
  if (!child->has_value()) {
    go_writer.reset();
    ignore(sys::read_all(go_reader.get(), "pipe"), "end of file is the signal");
    ignore(sys::write_all(answer_writer.get(), body(), "pipe"), "the parent sees that it is empty");
    ::_exit(0);
  }
  answer_writer.reset();
  FAIL_UNLESS_OK(write_id_mappings(procfs(), (*child)->pid(), plan));
  go_writer.reset();
  const Result<std::string> words = sys::read_all(answer_reader.get(), "pipe");
  FAIL_UNLESS_OK((*child)->wait());
  return words.ok() ? *words : words.error().message;
}

inline Plan new_user_plan(std::vector<oci::IdMapping> uids, std::vector<oci::IdMapping> gids) {
  Plan plan;
  plan.new_flags = CLONE_NEWUSER;
  plan.clone_flags = CLONE_NEWUSER;
  plan.uid_mappings = std::move(uids);
  plan.gid_mappings = std::move(gids);
  return plan;
}

}  // namespace myrt::test
