// The messages of containerd's task service, versions 2 and 3 (the same messages), of its events
// and of the options that it passes. Field numbers are those of containerd's
// api/runtime/task/v2/shim.proto, api/events/task.proto and api/types. Pure.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace myrt::shim {

using Time = std::chrono::system_clock::time_point;

// google.protobuf.Any; containerd's type URLs have no prefix.
struct Any {
  std::string type, value;
};
std::string encode_any(const Any& any);
std::optional<Any> decode_any(std::string_view message);  // nullopt: malformed
std::string encode_timestamp(Time time);

// containerd.types.Mount: what mount(8) would get.
struct Mount {
  std::string type, source, target;
  std::vector<std::string> options;
  bool operator==(const Mount&) const = default;
};

// The fifos or URIs that a process's streams go to; empty: /dev/null.
struct StdioPaths {
  std::string in, out, err;
  bool terminal = false;
  bool operator==(const StdioPaths&) const = default;
};

// The fields of every request of the task service that this shim reads, by name: they agree
// wherever two requests have the same one.
struct TaskRequest {
  std::string id, exec_id;
  // Create
  std::string bundle, checkpoint, parent_checkpoint;
  std::vector<Mount> rootfs;
  StdioPaths stdio;            // also Exec
  std::optional<Any> options;  // also Checkpoint
  std::optional<Any> spec;     // Exec: a process
  // Kill
  std::uint32_t signal = 0;
  bool all = false;
  std::uint32_t width = 0, height = 0;  // ResizePty
  bool stdin_too = false;               // CloseIO
  std::string path;                     // Checkpoint
  std::optional<Any> resources;         // Update
  bool now = false;                     // Shutdown
};

enum class Method : std::uint8_t {
  state,
  create,
  start,
  remove,
  pids,
  pause,
  resume,
  checkpoint,
  kill,
  exec,
  resize_pty,
  close_io,
  update,
  wait,
  stats,
  connect,
  shutdown,
};
// "Delete" -> remove; nullopt: no method of the task service.
std::optional<Method> find_method(std::string_view name);
// nullopt: malformed.
std::optional<TaskRequest> decode_task_request(Method method, std::string_view message);

// containerd.v1.types.Status
enum class TaskStatus : std::uint8_t {
  unknown = 0,
  created = 1,
  running = 2,
  stopped = 3,
  paused = 4
};

// The end of a process. `status` is as a shell counts it.
struct Exit {
  std::uint32_t status = 0;
  Time at;
};

struct StateResponse {
  std::string id, exec_id, bundle;
  pid_t pid = 0;
  TaskStatus status = TaskStatus::unknown;
  StdioPaths stdio;
  std::optional<Exit> exit;
};
std::string encode(const StateResponse& response);
std::string encode_pid(pid_t pid);  // of Create and Start
std::string encode_delete_response(pid_t pid, const Exit& exit);
std::string encode_wait_response(const Exit& exit);
std::string encode_stats_response(const Any& stats);
std::string encode_connect_response(pid_t shim, pid_t task);
struct ListedProcess {
  pid_t pid = 0;
  std::string exec_id;  // empty: not one that Exec has made
};
std::string encode_pids_response(const std::vector<ListedProcess>& processes);

// --- events: the message and, beside it, where it goes
struct Event {
  std::string_view topic, type;
  std::string message;
};
Event task_create_event(const TaskRequest& request, pid_t pid);
Event task_start_event(std::string_view id, pid_t pid);
Event task_exit_event(std::string_view id, std::string_view exec_id, pid_t pid, const Exit& exit);
Event task_delete_event(std::string_view id, pid_t pid, const Exit& exit);  // of the init only
Event task_exec_added_event(std::string_view id, std::string_view exec_id);
Event task_exec_started_event(std::string_view id, std::string_view exec_id, pid_t pid);
Event task_paused_event(std::string_view id);
Event task_resumed_event(std::string_view id);
Event task_oom_event(std::string_view id);
Event task_checkpointed_event(std::string_view id, std::string_view checkpoint);

}  // namespace myrt::shim
