// How processes end, and what is left of them.
#include <csignal>

#include "shim/rootfs.h"
#include "shim/service.h"

namespace myrt::shim {
namespace {

constexpr std::chrono::seconds kPatience(10);  // for output, and for the exits of exec'd processes

}  // namespace

void Service::init_ended(const std::string& id, const Exit& exit) {
  Task* task = find(id);
  if (task == nullptr) return;
  task->init.exit = exit;
  if (!task->owns_pid_namespace) {
    ignore(myrt::kill(task->context, {id, SIGKILL, Switch::on}),
           "they may have ended by themselves");
  }
  // The end of the container is told last (contract §4.3).
  if (task->has_running_execs()) {
    task->exit_withheld = true;
    loop_.after(kPatience, [this, id] {
      Task* now = find(id);
      if (now == nullptr || !std::exchange(now->exit_withheld, false)) return;
      announce(*now, now->init);
    });
    return;
  }
  if (!task->init.starting) announce(*task, task->init);
}

void Service::exec_ended(const std::string& id, const std::string& exec_id, const Exit& exit) {
  Task* task = find(id);
  Process* process = task == nullptr ? nullptr : find_process(*task, exec_id);
  if (process == nullptr) return;
  process->exit = exit;
  announce(*task, *process);
  announce_withheld(*task);
}

void Service::announce_withheld(Task& task) {
  if (task.has_running_execs() || !std::exchange(task.exit_withheld, false)) return;
  announce(task, task.init);
}

void Service::announce(Task& task, Process& process) {
  publish(task_exit_event(task.id, process.exec_id, process.pid, *process.exit));
  for (const Respond& respond : std::exchange(process.waiting, {})) {
    answer(respond, encode_wait_response(*process.exit));
  }
}

void Service::wait(Process& process, const Respond& respond) {
  if (process.exit) return answer(respond, encode_wait_response(*process.exit));
  process.waiting.push_back(respond);
}

void Service::remove(Task& task, Process& process, const Respond& respond) {
  const bool is_init = &process == &task.init;
  const bool runs = process.pid != 0 && !process.exit;
  if (process.starting || (runs && (process.started || !is_init))) {
    return refuse(respond, ttrpc::Code::failed_precondition, "cannot delete a running process");
  }
  if (is_init && std::exchange(task.being_deleted, true)) {
    return refuse(respond, ttrpc::Code::failed_precondition, "the task is being deleted");
  }
  const auto drained = [this, id = task.id, exec_id = process.exec_id, respond] {
    Task* now = find(id);
    Process* process_now = now == nullptr ? nullptr : find_process(*now, exec_id);
    if (process_now == nullptr) return refuse(respond, ttrpc::Code::not_found, "process");
    if (exec_id.empty()) return remove_task(id, respond);
    const Exit exit = process_now->exit.value_or(Exit{});
    const pid_t pid = process_now->pid;
    now->execs.erase(exec_id);
    answer(respond, encode_delete_response(pid, exit));
  };
  if (!process.stdio || !process.exit) return drained();
  process.stdio->when_drained(kPatience, drained);
}

void Service::remove_task(const std::string& id, const Respond& respond) {
  Task& task = *find(id);
  if (task.kills > 0) {
    // containerd deletes as soon as it hears of the end, and then closes the connection on which
    // it waits for what the signal has come to.
    task.after_kills = [this, id, respond] { remove_task(id, respond); };
    return;
  }
  const auto work = [&task]() -> Result<std::string> {
    const auto removed =
        myrt::remove(task.context, {task.id, task.init.started ? Switch::off : Switch::on});
    if (!removed.ok() && removed.error().code != ErrorCode::not_found) return removed.error();
    TRY(unmount_rootfs(task.rootfs()));
    return std::string();
  };
  const auto done = [this, id, respond](const Result<std::string>& result) {
    Task* now = find(id);
    if (now == nullptr) return;
    now->being_deleted = false;
    if (!result.ok()) return refuse(respond, "OCI runtime delete failed", result.error());
    constexpr std::uint32_t kKilled = 128 + SIGKILL;
    const Exit exit = now->init.exit.value_or(Exit{kKilled, std::chrono::system_clock::now()});
    const pid_t pid = now->init.pid;
    tasks_.erase(id);
    publish(task_delete_event(id, pid, exit));
    answer(respond, encode_delete_response(pid, exit));
  };
  run(work, done);
}

// The shim's end, once nothing is left in it and containerd has been told of everything.
void Service::shutdown(const Respond& respond) {
  answer(respond);
  if (!tasks_.empty()) return;
  publisher_.when_idle([this] {
    // The answer has to get out first.
    loop_.after(std::chrono::milliseconds(0), [this] {
      if (tasks_.empty()) loop_.stop();
    });
  });
}

}  // namespace myrt::shim
