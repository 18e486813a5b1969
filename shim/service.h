// containerd's task service (containerd.task.v2.Task and v3): the seventeen methods over the tasks
// of this shim. What the library does to containers runs in jobs (shim/job.h); the shim itself only
// reads, and signals processes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "shim/job.h"
#include "shim/loop.h"
#include "shim/publisher.h"
#include "shim/reaper.h"
#include "shim/task.h"
#include "shim/ttrpc/server.h"

namespace myrt::shim {

// Connect for a task that is not there. A containerd that was killed before its Create asks so for
// what has become of the bundle: 1.6 asks for nothing else, and keeps bundle and shim for good
// unless it is refused; later ones ask for Pids then, and one that is refused leaves the connection
// open for good.
enum class UnknownTask : std::uint8_t { connects, is_refused };

class Service {
 public:
  // `log` gets one line of text per call, for containerd's log.
  Service(Loop& loop, Reaper& reaper, Publisher& publisher, std::string name_space,
          UnknownTask unknown, std::function<void(std::string_view)> log);
  Service(const Service&) = delete;

  void handle(const ttrpc::Request& request, const ttrpc::Respond& respond);
  bool is_empty() const { return tasks_.empty(); }

 private:
  using Respond = ttrpc::Respond;
  void dispatch(Method method, const TaskRequest& request, const Respond& respond);

  // service_create.cc
  void create(const TaskRequest& request, const Respond& respond);
  void created(const std::string& id, const Result<std::string>& pid, const Respond& respond);
  Result<std::unique_ptr<Task>> make_task(const TaskRequest& request);
  void start(Task& task, const Respond& respond);
  void restore(Task& task, const Respond& respond);
  Result<> adopt_init(Task& task, pid_t pid);
  void watch_oom(Task& task);

  // service_exec.cc
  void add_exec(Task& task, const TaskRequest& request, const Respond& respond);
  void start_exec(Task& task, Process& process, const Respond& respond);
  void exec_started(Task& task, Process& process, pid_t pid, const Respond& respond);
  void exec_failed(Task& task, Process& process, const Error& error, const Respond& respond);

  // service_exit.cc
  void init_ended(const std::string& id, const Exit& exit);
  void exec_ended(const std::string& id, const std::string& exec_id, const Exit& exit);
  void announce(Task& task, Process& process);
  void announce_withheld(Task& task);
  void wait(Process& process, const Respond& respond);
  void remove(Task& task, Process& process, const Respond& respond);
  void remove_task(const std::string& id, const Respond& respond);
  void shutdown(const Respond& respond);

  // service.cc
  void state(Task& task, const Process& process, const Respond& respond);
  void pids(Task& task, const Respond& respond);
  void pause(Task& task, bool pause, const Respond& respond);
  void checkpoint(Task& task, const TaskRequest& request, const Respond& respond);
  void kill(Task& task, Process& process, const TaskRequest& request, const Respond& respond);
  void update(Task& task, const TaskRequest& request, const Respond& respond);
  void stats(Task& task, const Respond& respond);

  Task* find(const std::string& id);
  void publish(const Event& event) { publisher_.publish(event.topic, event.type, event.message); }
  // A job whose end finds the task by its id, which may be gone by then.
  void run(const std::function<Result<std::string>()>& work,
           const std::function<void(Result<std::string>)>& done);

  Loop& loop_;
  Reaper& reaper_;
  Publisher& publisher_;
  std::string name_space_;
  UnknownTask unknown_;
  std::function<void(std::string_view)> log_;
  std::map<std::string, std::unique_ptr<Task>> tasks_;
};

// Absolute; empty when there is none.
std::string criu_binary();

// --- answers
inline void answer(const ttrpc::Respond& respond, std::string payload = {}) {
  respond({{}, std::move(payload)});
}
// containerd's clients read the kind of an error from the end of its text as well.
void refuse(const ttrpc::Respond& respond, ttrpc::Code code, const std::string& text);
// "OCI runtime create failed: ..." and the code that fits the error's.
void refuse(const ttrpc::Respond& respond, std::string_view what, const Error& error);

}  // namespace myrt::shim
