// Exec: one more process in a task's container.
#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "oci-spec/parse.h"
#include "shim/console_socket.h"
#include "shim/service.h"
#include "sys/files.h"

namespace myrt::shim {
namespace {

// In the job, whose child becomes the shim's with its end.
Result<std::string> exec_process(const Task& task, const Process& process,
                                 const std::string& console_socket) {
  TRY(process.stdio->start_logger());
  TRY(process.stdio->place_ends());
  ExecOptions options;
  options.id = task.id;
  auto parsed = oci::parse_process(process.spec);
  if (!parsed.problems.empty()) return oci::to_error(parsed.problems);
  options.process = std::move(parsed.value);
  options.process->terminal = process.paths.terminal;
  options.detach = Switch::on;
  options.io.console_socket = console_socket;
  options.io.pid_file = fmt::format("{}/{}.pid", task.bundle, process.exec_id);
  TRY(myrt::exec(task.context, options));
  auto pid = sys::read_file(options.io.pid_file);
  ::unlink(options.io.pid_file.c_str());
  return pid;
}

}  // namespace

void Service::add_exec(Task& task, const TaskRequest& request, const Respond& respond) {
  if (request.exec_id.empty() || request.exec_id.find('/') != std::string::npos) {
    return refuse(respond, ttrpc::Code::invalid_argument,
                  fmt::format("`{}` is no name of a process", request.exec_id));
  }
  if (task.execs.contains(request.exec_id)) {
    return refuse(respond, ttrpc::Code::already_exists, "id " + request.exec_id);
  }
  if (task.init.exit) {
    return refuse(respond, ttrpc::Code::failed_precondition, "cannot exec in a stopped state");
  }
  if (task.paused) {
    return refuse(respond, ttrpc::Code::failed_precondition, "cannot exec in a paused state");
  }
  auto process = std::make_unique<Process>();
  process->exec_id = request.exec_id;
  process->paths = request.stdio;
  process->spec = request.spec ? request.spec->value : "";
  task.execs.emplace(request.exec_id, std::move(process));
  publish(task_exec_added_event(task.id, request.exec_id));
  answer(respond);
}

void Service::start_exec(Task& task, Process& process, const Respond& respond) {
  if (process.started || process.starting || process.exit) {
    return refuse(respond, ttrpc::Code::failed_precondition, "cannot start a running process");
  }
  auto stdio = Stdio::open(loop_, process.paths, {task.id, name_space_}, task.stdio_owner());
  if (!stdio.ok()) return exec_failed(task, process, stdio.error(), respond);
  process.stdio = std::move(stdio).value();
  std::shared_ptr<ConsoleSocket> console;
  if (process.paths.terminal) {
    auto socket = ConsoleSocket::listen(task.bundle, process.exec_id + ".sock");
    if (!socket.ok()) return exec_failed(task, process, socket.error(), respond);
    console = std::make_shared<ConsoleSocket>(std::move(socket).value());
  }
  const auto work = [&task, &process, console] {
    return exec_process(task, process, console ? console->path() : "");
  };
  const auto done = [this, id = task.id, exec_id = process.exec_id, console, respond,
                     hold = reaper_.hold()](const Result<std::string>& result) {
    Task* now = find(id);
    Process* made = now == nullptr ? nullptr : find_process(*now, exec_id);
    if (made == nullptr) return;
    made->starting = false;
    if (!result.ok()) return exec_failed(*now, *made, result.error(), respond);
    sys::UniqueFd terminal;
    if (console) {
      auto taken = console->take();
      if (taken.ok()) terminal = std::move(taken).value();
    }
    const auto connected = made->stdio->started(std::move(terminal));
    if (!connected.ok()) log_(connected.error().message);
    pid_t pid = 0;
    std::from_chars(result->data(), result->data() + result->size(), pid);
    exec_started(*now, *made, pid, respond);
  };
  process.starting = true;
  run(work, done);
}

void Service::exec_started(Task& task, Process& process, pid_t pid, const Respond& respond) {
  process.pid = pid;
  process.started = true;
  process.spec.clear();
  process.spec.shrink_to_fit();
  reaper_.expect(
      pid, [this, id = task.id, exec_id = process.exec_id](const sys::ExitStatus& status, Time at) {
        exec_ended(id, exec_id, {static_cast<std::uint32_t>(status.shell_code()), at});
      });
  publish(task_exec_started_event(task.id, process.exec_id, pid));
  answer(respond, encode_pid(pid));
}

// It stays, with an end, until it is deleted.
void Service::exec_failed(Task& task, Process& process, const Error& error,
                          const Respond& respond) {
  constexpr std::uint32_t kNeverRan = 255;
  process.stdio.reset();
  process.exit = Exit{kNeverRan, std::chrono::system_clock::now()};
  refuse(respond, "OCI runtime exec failed", error);
  for (const Respond& waiting : std::exchange(process.waiting, {})) {
    answer(waiting, encode_wait_response(*process.exit));
  }
  announce_withheld(task);
}

}  // namespace myrt::shim
