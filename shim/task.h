// A task of containerd: a container with its init, and the processes that Exec has added.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cgroups/oom_events.h"
#include "runtime/myrt.h"
#include "shim/loop.h"
#include "shim/messages.h"
#include "shim/options.h"
#include "shim/stdio.h"
#include "shim/ttrpc/server.h"

namespace myrt::shim {

struct Process {
  std::string exec_id;  // empty: the init
  StdioPaths paths;
  std::string spec;  // of Exec: JSON, until it is started
  std::unique_ptr<Stdio> stdio;
  pid_t pid = 0;  // 0: not made yet
  bool started = false;
  bool starting = false;  // a job makes it, or starts it
  std::optional<Exit> exit;
  std::vector<ttrpc::Respond> waiting;  // Wait requests
};

struct Task {
  std::string id, bundle;
  Options options;
  Context context;
  TaskRequest request;  // of Create
  Process init;
  std::map<std::string, std::unique_ptr<Process>> execs;
  bool paused = false;
  bool being_deleted = false;
  int kills = 0;                      // jobs that signal it and have not answered
  std::function<void()> after_kills;  // the deletion, which has to wait for them
  // Whether the kernel kills the container's other processes when its init ends.
  bool owns_pid_namespace = true;
  bool exit_withheld = false;  // the init's, until those of the others are told
  cgroups::Location cgroup;
  std::optional<cgroups::OomEvents> oom;
  Watch oom_watch;

  std::string rootfs() const { return bundle + "/rootfs"; }
  StdioOwner stdio_owner() const { return {options.io_uid, options.io_gid}; }
  bool has_running_execs() const;  // those that a job is just making among them
};

// nullptr: there is no such process. `exec_id` empty: the init.
Process* find_process(Task& task, const std::string& exec_id);
TaskStatus status_of(const Task& task, const Process& process);

}  // namespace myrt::shim
