#include "shim/messages.h"

#include <algorithm>
#include <array>

#include "protobuf/wire.h"

namespace myrt::shim {
namespace {

using protobuf::Field;
using protobuf::MessageWriter;

std::optional<Mount> decode_mount(std::string_view message) {
  const auto fields = protobuf::read_fields(message);
  if (!fields) return std::nullopt;
  Mount mount;
  for (const Field& field : *fields) {
    if (field.number == 1) mount.type = field.bytes;
    if (field.number == 2) mount.source = field.bytes;
    if (field.number == 3) mount.target = field.bytes;
    if (field.number == 4) mount.options.emplace_back(field.bytes);
  }
  return mount;
}

// Each takes one field into the request. False: malformed.
bool take_create(TaskRequest& request, const Field& field) {
  switch (field.number) {
    case 2:
      request.bundle = field.bytes;
      return true;
    case 3: {
      auto mount = decode_mount(field.bytes);
      if (mount) request.rootfs.push_back(std::move(*mount));
      return mount.has_value();
    }
    case 4:
      request.stdio.terminal = field.value != 0;
      return true;
    case 5:
      request.stdio.in = field.bytes;
      return true;
    case 6:
      request.stdio.out = field.bytes;
      return true;
    case 7:
      request.stdio.err = field.bytes;
      return true;
    case 8:
      request.checkpoint = field.bytes;
      return true;
    case 9:
      request.parent_checkpoint = field.bytes;
      return true;
    case 10:
      return (request.options = decode_any(field.bytes)).has_value();
    default:
      return true;
  }
}

bool take_exec(TaskRequest& request, const Field& field) {
  switch (field.number) {
    case 2:
      request.exec_id = field.bytes;
      return true;
    case 3:
      request.stdio.terminal = field.value != 0;
      return true;
    case 4:
      request.stdio.in = field.bytes;
      return true;
    case 5:
      request.stdio.out = field.bytes;
      return true;
    case 6:
      request.stdio.err = field.bytes;
      return true;
    case 7:
      return (request.spec = decode_any(field.bytes)).has_value();
    default:
      return true;
  }
}

bool take_checkpoint(TaskRequest& request, const Field& field) {
  if (field.number == 2) request.path = field.bytes;
  if (field.number == 3) return (request.options = decode_any(field.bytes)).has_value();
  return true;
}

bool take_update(TaskRequest& request, const Field& field) {
  if (field.number == 2) return (request.resources = decode_any(field.bytes)).has_value();
  return true;
}

// Of a process: its id, and two values.
bool take_other(TaskRequest& request, Method method, const Field& field) {
  const auto number = static_cast<std::uint32_t>(field.value);
  if (field.number == 2 && method == Method::shutdown) request.now = number != 0;
  if (field.number == 2 && method != Method::shutdown) request.exec_id = field.bytes;
  if (field.number == 3 && method == Method::kill) request.signal = number;
  if (field.number == 4 && method == Method::kill) request.all = number != 0;
  if (field.number == 3 && method == Method::resize_pty) request.width = number;
  if (field.number == 4 && method == Method::resize_pty) request.height = number;
  if (field.number == 3 && method == Method::close_io) request.stdin_too = number != 0;
  return true;
}

bool take(TaskRequest& request, Method method, const Field& field) {
  if (field.number == 1) {
    request.id = field.bytes;
    return true;
  }
  switch (method) {
    case Method::create:
      return take_create(request, field);
    case Method::exec:
      return take_exec(request, field);
    case Method::checkpoint:
      return take_checkpoint(request, field);
    case Method::update:
      return take_update(request, field);
    default:
      return take_other(request, method, field);
  }
}

struct MethodName {
  std::string_view name;
  Method method;
};
constexpr std::array kMethods = {
    MethodName{"State", Method::state},
    MethodName{"Create", Method::create},
    MethodName{"Start", Method::start},
    MethodName{"Delete", Method::remove},
    MethodName{"Pids", Method::pids},
    MethodName{"Pause", Method::pause},
    MethodName{"Resume", Method::resume},
    MethodName{"Checkpoint", Method::checkpoint},
    MethodName{"Kill", Method::kill},
    MethodName{"Exec", Method::exec},
    MethodName{"ResizePty", Method::resize_pty},
    MethodName{"CloseIO", Method::close_io},
    MethodName{"Update", Method::update},
    MethodName{"Wait", Method::wait},
    MethodName{"Stats", Method::stats},
    MethodName{"Connect", Method::connect},
    MethodName{"Shutdown", Method::shutdown},
};

std::string encode_mount(const Mount& mount) {
  MessageWriter writer;
  writer.bytes_unless_empty(1, mount.type);
  writer.bytes_unless_empty(2, mount.source);
  writer.bytes_unless_empty(3, mount.target);
  for (const std::string& option : mount.options) writer.bytes(4, option);
  return writer.take();
}

// The message that has the container's id alone.
Event id_event(std::string_view topic, std::string_view type, std::string_view id) {
  MessageWriter writer;
  writer.bytes(1, id);
  return {topic, type, writer.take()};
}

}  // namespace

std::optional<Any> decode_any(std::string_view message) {
  const auto fields = protobuf::read_fields(message);
  if (!fields) return std::nullopt;
  Any any;
  for (const Field& field : *fields) {
    if (field.number == 1) any.type = field.bytes;
    if (field.number == 2) any.value = field.bytes;
  }
  return any;
}

std::string encode_any(const Any& any) {
  MessageWriter writer;
  writer.bytes_unless_empty(1, any.type);
  writer.bytes_unless_empty(2, any.value);
  return writer.take();
}

std::string encode_timestamp(Time time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  MessageWriter writer;
  writer.number_unless_zero(1, seconds.count());
  writer.number_unless_zero(2, std::chrono::nanoseconds(since - seconds).count());
  return writer.take();
}

std::optional<Method> find_method(std::string_view name) {
  const auto* found = std::find_if(kMethods.begin(), kMethods.end(),
                                   [&](const MethodName& entry) { return entry.name == name; });
  return found == kMethods.end() ? std::nullopt : std::optional(found->method);
}

std::optional<TaskRequest> decode_task_request(Method method, std::string_view message) {
  const auto fields = protobuf::read_fields(message);
  if (!fields) return std::nullopt;
  TaskRequest request;
  for (const Field& field : *fields) {
    if (!take(request, method, field)) return std::nullopt;
  }
  return request;
}

std::string encode(const StateResponse& response) {
  MessageWriter writer;
  writer.bytes_unless_empty(1, response.id);
  writer.bytes_unless_empty(2, response.bundle);
  writer.number_unless_zero(3, response.pid);
  writer.number_unless_zero(4, static_cast<std::int64_t>(response.status));
  writer.bytes_unless_empty(5, response.stdio.in);
  writer.bytes_unless_empty(6, response.stdio.out);
  writer.bytes_unless_empty(7, response.stdio.err);
  writer.number_unless_zero(8, response.stdio.terminal ? 1 : 0);
  if (response.exit) {
    writer.number_unless_zero(9, response.exit->status);
    writer.bytes(10, encode_timestamp(response.exit->at));
  }
  writer.bytes_unless_empty(11, response.exec_id);
  return writer.take();
}

std::string encode_pid(pid_t pid) {
  MessageWriter writer;
  writer.number_unless_zero(1, pid);
  return writer.take();
}

std::string encode_delete_response(pid_t pid, const Exit& exit) {
  MessageWriter writer;
  writer.number_unless_zero(1, pid);
  writer.number_unless_zero(2, exit.status);
  writer.bytes(3, encode_timestamp(exit.at));
  return writer.take();
}

std::string encode_wait_response(const Exit& exit) {
  MessageWriter writer;
  writer.number_unless_zero(1, exit.status);
  writer.bytes(2, encode_timestamp(exit.at));
  return writer.take();
}

std::string encode_stats_response(const Any& stats) {
  MessageWriter writer;
  writer.bytes(1, encode_any(stats));
  return writer.take();
}

std::string encode_connect_response(pid_t shim, pid_t task) {
  MessageWriter writer;
  writer.number(1, shim);
  writer.number_unless_zero(2, task);
  return writer.take();
}

std::string encode_pids_response(const std::vector<ListedProcess>& processes) {
  MessageWriter writer;
  for (const ListedProcess& process : processes) {
    MessageWriter info;
    info.number(1, process.pid);
    if (!process.exec_id.empty()) {
      MessageWriter details;
      details.bytes(1, process.exec_id);
      info.bytes(2, encode_any({"containerd.runc.v1.ProcessDetails", details.take()}));
    }
    writer.bytes(1, info.message());
  }
  return writer.take();
}

Event task_create_event(const TaskRequest& request, pid_t pid) {
  MessageWriter io;
  io.bytes_unless_empty(1, request.stdio.in);
  io.bytes_unless_empty(2, request.stdio.out);
  io.bytes_unless_empty(3, request.stdio.err);
  io.number_unless_zero(4, request.stdio.terminal ? 1 : 0);
  MessageWriter writer;
  writer.bytes(1, request.id);
  writer.bytes(2, request.bundle);
  for (const Mount& mount : request.rootfs) writer.bytes(3, encode_mount(mount));
  writer.bytes(4, io.message());
  writer.bytes_unless_empty(5, request.checkpoint);
  writer.number_unless_zero(6, pid);
  return {"/tasks/create", "containerd.events.TaskCreate", writer.take()};
}

Event task_start_event(std::string_view id, pid_t pid) {
  MessageWriter writer;
  writer.bytes(1, id);
  writer.number(2, pid);
  return {"/tasks/start", "containerd.events.TaskStart", writer.take()};
}

// The id of the process is the container's for its init.
Event task_exit_event(std::string_view id, std::string_view exec_id, pid_t pid, const Exit& exit) {
  MessageWriter writer;
  writer.bytes(1, id);
  writer.bytes(2, exec_id.empty() ? id : exec_id);
  writer.number(3, pid);
  writer.number_unless_zero(4, exit.status);
  writer.bytes(5, encode_timestamp(exit.at));
  return {"/tasks/exit", "containerd.events.TaskExit", writer.take()};
}

Event task_delete_event(std::string_view id, pid_t pid, const Exit& exit) {
  MessageWriter writer;
  writer.bytes(1, id);
  writer.number(2, pid);
  writer.number_unless_zero(3, exit.status);
  writer.bytes(4, encode_timestamp(exit.at));
  return {"/tasks/delete", "containerd.events.TaskDelete", writer.take()};
}

Event task_exec_added_event(std::string_view id, std::string_view exec_id) {
  MessageWriter writer;
  writer.bytes(1, id);
  writer.bytes(2, exec_id);
  return {"/tasks/exec-added", "containerd.events.TaskExecAdded", writer.take()};
}

Event task_exec_started_event(std::string_view id, std::string_view exec_id, pid_t pid) {
  MessageWriter writer;
  writer.bytes(1, id);
  writer.bytes(2, exec_id);
  writer.number(3, pid);
  return {"/tasks/exec-started", "containerd.events.TaskExecStarted", writer.take()};
}

Event task_paused_event(std::string_view id) {
  return id_event("/tasks/paused", "containerd.events.TaskPaused", id);
}
Event task_resumed_event(std::string_view id) {
  return id_event("/tasks/resumed", "containerd.events.TaskResumed", id);
}
Event task_oom_event(std::string_view id) {
  return id_event("/tasks/oom", "containerd.events.TaskOOM", id);
}

Event task_checkpointed_event(std::string_view id, std::string_view checkpoint) {
  MessageWriter writer;
  writer.bytes(1, id);
  writer.bytes(2, checkpoint);
  return {"/tasks/checkpointed", "containerd.events.TaskCheckpointed", writer.take()};
}

}  // namespace myrt::shim
