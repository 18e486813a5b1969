#include "shim/service.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "cgroups/stats.h"
#include "oci-spec/parse.h"
#include "protobuf/wire.h"
#include "shim/metrics.h"
#include "sys/files.h"

namespace myrt::shim {
namespace {

struct Kind {
  ttrpc::Code code;
  std::string_view words;  // as containerd's errdefs end their texts
};
constexpr std::array kKinds = {
    Kind{ttrpc::Code::not_found, "not found"},
    Kind{ttrpc::Code::already_exists, "already exists"},
    Kind{ttrpc::Code::failed_precondition, "failed precondition"},
    Kind{ttrpc::Code::invalid_argument, "invalid argument"},
    Kind{ttrpc::Code::unimplemented, "not implemented"},
    Kind{ttrpc::Code::deadline_exceeded, "deadline exceeded"},
};

ttrpc::Code code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::not_found:
      return ttrpc::Code::not_found;
    case ErrorCode::already_exists:
      return ttrpc::Code::already_exists;
    case ErrorCode::wrong_status:
      return ttrpc::Code::failed_precondition;
    case ErrorCode::invalid_argument:
      return ttrpc::Code::invalid_argument;
    case ErrorCode::unsupported:
      return ttrpc::Code::unimplemented;
    case ErrorCode::timeout:
      return ttrpc::Code::deadline_exceeded;
    default:
      return ttrpc::Code::unknown;
  }
}

Switch as_switch(bool on) { return on ? Switch::on : Switch::off; }

// containerd.runc.v1.CheckpointOptions
Result<CheckpointOptions> checkpoint_options(const Task& task, const TaskRequest& request) {
  CheckpointOptions options;
  options.id = request.id;
  options.criu.binary = criu_binary();
  options.criu.image_path = request.path.empty() ? task.options.criu_image_path : request.path;
  options.criu.work_path = task.options.criu_work_path;
  options.leave_running = Switch::on;
  const auto fields = protobuf::read_fields(request.options ? request.options->value : "");
  if (!fields) return make_error(ErrorCode::invalid_argument, "malformed checkpoint options");
  for (const protobuf::Field& field : *fields) {
    const Switch on = as_switch(field.value != 0);
    switch (field.number) {
      case 1:
        options.leave_running = as_switch(field.value == 0);
        break;
      case 2:
        options.criu.tcp_established = on;
        break;
      case 3:
        options.criu.external_unix_sockets = on;
        break;
      case 4:
        options.criu.shell_job = on;
        break;
      case 5:
        options.criu.file_locks = on;
        break;
      case 6:
        options.criu.empty_namespaces.emplace_back(field.bytes);
        break;
      case 7:
        options.criu.manage_cgroups_mode = field.bytes;
        break;
      case 8:
        if (!field.bytes.empty()) options.criu.image_path = field.bytes;
        break;
      case 9:
        if (!field.bytes.empty()) options.criu.work_path = field.bytes;
        break;
      case 10:
        options.parent_path = field.bytes;
        break;
      default:
        break;
    }
  }
  return options;
}

}  // namespace

// Of the directories that a service has in its PATH.
std::string criu_binary() {
  for (const char* path :
       {"/usr/local/sbin/criu", "/usr/local/bin/criu", "/usr/sbin/criu", "/usr/bin/criu"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return {};
}

void refuse(const ttrpc::Respond& respond, ttrpc::Code code, const std::string& text) {
  const auto* kind = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& entry) { return entry.code == code; });
  const bool says_so = kind == kKinds.end() || text.ends_with(kind->words);
  respond({{code, says_so ? text : fmt::format("{}: {}", text, kind->words)}, {}});
}

void refuse(const ttrpc::Respond& respond, std::string_view what, const Error& error) {
  respond({{code_of(error), fmt::format("{}: {}", what, error.message)}, {}});
}

Service::Service(Loop& loop, Reaper& reaper, Publisher& publisher, std::string name_space,
                 UnknownTask unknown, std::function<void(std::string_view)> log)
    : loop_(loop),
      reaper_(reaper),
      publisher_(publisher),
      name_space_(std::move(name_space)),
      unknown_(unknown),
      log_(std::move(log)) {}

Task* Service::find(const std::string& id) {
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : found->second.get();
}

void Service::handle(const ttrpc::Request& request, const Respond& respond) {
  if (request.service != "containerd.task.v2.Task" &&
      request.service != "containerd.task.v3.Task") {
    return refuse(respond, ttrpc::Code::unimplemented, "service " + request.service);
  }
  const auto method = find_method(request.method);
  if (!method) {
    return refuse(respond, ttrpc::Code::unimplemented, "method " + request.method);
  }
  const auto decoded = decode_task_request(*method, request.payload);
  if (!decoded)
    return refuse(respond, ttrpc::Code::invalid_argument, "malformed " + request.method);
  dispatch(*method, *decoded, respond);
}

void Service::dispatch(Method method, const TaskRequest& request, const Respond& respond) {
  if (method == Method::create) return create(request, respond);
  if (method == Method::shutdown) return shutdown(respond);
  Task* task = find(request.id);
  if (method == Method::connect && (task != nullptr || unknown_ == UnknownTask::connects)) {
    return answer(respond,
                  encode_connect_response(::getpid(), task == nullptr ? 0 : task->init.pid));
  }
  if (task == nullptr) return refuse(respond, ttrpc::Code::not_found, "container not created");
  if (method == Method::exec) return add_exec(*task, request, respond);
  Process* process = find_process(*task, request.exec_id);
  if (process == nullptr) {
    return refuse(respond, ttrpc::Code::not_found,
                  fmt::format("process does not exist {}", request.exec_id));
  }
  switch (method) {
    case Method::state:
      return state(*task, *process, respond);
    case Method::start:
      return process == &task->init ? start(*task, respond) : start_exec(*task, *process, respond);
    case Method::remove:
      return remove(*task, *process, respond);
    case Method::pids:
      return pids(*task, respond);
    case Method::pause:
      return pause(*task, true, respond);
    case Method::resume:
      return pause(*task, false, respond);
    case Method::checkpoint:
      return checkpoint(*task, request, respond);
    case Method::kill:
      return kill(*task, *process, request, respond);
    case Method::resize_pty: {
      if (!process->stdio) return answer(respond);
      const auto resized = process->stdio->resize(request.width, request.height);
      return resized.ok() ? answer(respond) : refuse(respond, "resize", resized.error());
    }
    case Method::close_io:
      if (request.stdin_too && process->stdio) process->stdio->close_stdin();
      return answer(respond);
    case Method::update:
      return update(*task, request, respond);
    case Method::wait:
      return wait(*process, respond);
    case Method::stats:
      return stats(*task, respond);
    default:
      return refuse(respond, ttrpc::Code::internal, "method without an action");
  }
}

void Service::run(const std::function<Result<std::string>()>& work,
                  const std::function<void(Result<std::string>)>& done) {
  const auto begun = run_job(reaper_, work, done);
  if (!begun.ok()) done(begun.error());
}

void Service::state(Task& task, const Process& process, const Respond& respond) {
  answer(respond, encode(StateResponse{task.id, process.exec_id, task.bundle, process.pid,
                                       status_of(task, process), process.paths, process.exit}));
}

void Service::pids(Task& task, const Respond& respond) {
  const auto found = myrt::ps(task.context, task.id);
  if (!found.ok()) return refuse(respond, "ps", found.error());
  std::vector<ListedProcess> processes;
  for (const pid_t pid : *found) {
    const auto exec = std::find_if(task.execs.begin(), task.execs.end(), [&](const auto& entry) {
      return entry.second->pid == pid && !entry.second->exit;
    });
    processes.push_back({pid, exec == task.execs.end() ? std::string() : exec->first});
  }
  answer(respond, encode_pids_response(processes));
}

void Service::pause(Task& task, bool pause, const Respond& respond) {
  const auto work = [context = task.context, id = task.id, pause]() -> Result<std::string> {
    TRY(pause ? myrt::pause(context, id) : myrt::resume(context, id));
    return std::string();
  };
  const auto done = [this, id = task.id, pause, respond](const Result<std::string>& result) {
    if (!result.ok()) {
      return refuse(respond, pause ? "OCI runtime pause failed" : "OCI runtime resume failed",
                    result.error());
    }
    if (Task* now = find(id)) now->paused = pause;
    publish(pause ? task_paused_event(id) : task_resumed_event(id));
    answer(respond);
  };
  run(work, done);
}

void Service::checkpoint(Task& task, const TaskRequest& request, const Respond& respond) {
  const auto options = checkpoint_options(task, request);
  if (!options.ok()) return refuse(respond, "checkpoint", options.error());
  const auto work = [context = task.context, options = *options]() -> Result<std::string> {
    TRY(sys::make_directories(options.criu.image_path, 0700));
    TRY(myrt::checkpoint(context, options));
    return std::string();
  };
  const auto done = [this, id = task.id, path = options->criu.image_path,
                     respond](const Result<std::string>& result) {
    if (!result.ok()) return refuse(respond, "OCI runtime checkpoint failed", result.error());
    publish(task_checkpointed_event(id, path));
    answer(respond);
  };
  run(work, done);
}

namespace {

void answer_kill(const Result<std::string>& result, const ttrpc::Respond& respond) {
  if (result.ok()) return answer(respond);
  if (result.error().code == ErrorCode::wrong_status) {
    return refuse(respond, ttrpc::Code::not_found, "process already finished");
  }
  refuse(respond, "OCI runtime kill failed", result.error());
}

}  // namespace

void Service::kill(Task& task, Process& process, const TaskRequest& request,
                   const Respond& respond) {
  if (process.exit) {
    return refuse(respond, ttrpc::Code::not_found, "process already finished");
  }
  if (process.pid == 0) {
    return refuse(respond, ttrpc::Code::failed_precondition, "process not created");
  }
  const int signal = static_cast<int>(request.signal);
  if (&process != &task.init) {
    // Our child, and not reaped yet: the pid is nobody else's.
    const int failed = ::kill(process.pid, signal) == 0 ? 0 : errno;
    if (failed == 0) return answer(respond);
    return refuse(respond, "OCI runtime kill failed", errno_error("kill", "kill", failed));
  }
  const KillOptions options{task.id, signal, as_switch(request.all)};
  const auto work = [context = task.context, options]() -> Result<std::string> {
    TRY(myrt::kill(context, options));
    return std::string();
  };
  ++task.kills;
  const auto done = [this, id = task.id, respond](const Result<std::string>& result) {
    answer_kill(result, respond);
    Task* now = find(id);
    if (now == nullptr || --now->kills > 0 || !now->after_kills) return;
    std::exchange(now->after_kills, nullptr)();
  };
  run(work, done);
}

void Service::update(Task& task, const TaskRequest& request, const Respond& respond) {
  const std::string json = request.resources ? request.resources->value : "{}";
  // A smaller memory limit waits for the kernel to reclaim, and systemd may take its time.
  const auto work = [context = task.context, id = task.id, json]() -> Result<std::string> {
    const auto parsed = oci::parse_resources(json);
    if (!parsed.problems.empty()) return oci::to_error(parsed.problems);
    TRY(myrt::update(context, id, parsed.value));
    return std::string();
  };
  const auto done = [respond](const Result<std::string>& result) {
    if (result.ok()) return answer(respond);
    refuse(respond, "OCI runtime update failed", result.error());
  };
  run(work, done);
}

void Service::stats(Task& task, const Respond& respond) {
  const auto read = cgroups::read_stats(task.cgroup);
  if (!read.ok()) return refuse(respond, "stats", read.error());
  answer(respond, encode_stats_response(encode_metrics(*read, task.cgroup.mode)));
}

}  // namespace myrt::shim
