#include "shim/task.h"

#include <algorithm>

namespace myrt::shim {

bool Task::has_running_execs() const {
  return std::any_of(execs.begin(), execs.end(), [](const auto& entry) {
    const Process& process = *entry.second;
    return (process.starting || process.pid != 0) && !process.exit;
  });
}

Process* find_process(Task& task, const std::string& exec_id) {
  if (exec_id.empty()) return &task.init;
  const auto found = task.execs.find(exec_id);
  return found == task.execs.end() ? nullptr : found->second.get();
}

TaskStatus status_of(const Task& task, const Process& process) {
  if (process.exit) return TaskStatus::stopped;
  if (!process.started) return TaskStatus::created;
  return task.paused ? TaskStatus::paused : TaskStatus::running;
}

}  // namespace myrt::shim
