// From a Create request to a running init.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "oci-spec/parse.h"
#include "runtime/container/status.h"
#include "shim/bundle_record.h"
#include "shim/console_socket.h"
#include "shim/rootfs.h"
#include "shim/service.h"
#include "sys/files.h"

namespace myrt::shim {
namespace {

constexpr const char* kPidFile = "/init.pid";

CreateOptions create_options(const Task& task, const std::string& console_socket,
                             int root_tree = -1) {
  CreateOptions options;
  options.id = task.id;
  options.bundle = task.bundle;
  options.io.pid_file = task.bundle + kPidFile;
  options.io.console_socket = console_socket;
  options.pivot = task.options.no_pivot_root ? Switch::off : Switch::on;
  options.new_keyring = task.options.no_new_keyring ? Switch::off : Switch::on;
  options.root_tree = root_tree;
  return options;
}

// In the job: what the shim shall know of it is the pid.
Result<std::string> read_pid(const std::string& bundle) {
  return sys::read_file(bundle + kPidFile);
}

pid_t as_pid(const std::string& text) {
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

// In the job. A restore finds its root by the path, in a job of its own.
Result<sys::UniqueFd> mount_root(const Task& task) {
  const std::vector<Mount>& mounts = task.request.rootfs;
  RootfsPlace place = RootfsPlace::host;
  if (!mounts.empty() && task.request.checkpoint.empty()) {
    const std::string config = TRY(sys::read_file(task.bundle + "/config.json"));
    place = place_of(mounts, oci::parse_spec(config).value, task.rootfs());
  }
  return mount_rootfs(mounts, task.rootfs(), place);
}

// In the job.
Result<std::string> create_container(const Task& task, const std::string& console_socket,
                                     int root_tree) {
  TRY(task.init.stdio->start_logger());
  TRY(task.init.stdio->place_ends());
  TRY(myrt::create(task.context, create_options(task, console_socket, root_tree)));
  return read_pid(task.bundle);
}

// The last number of NSpid is the pid in its own namespace: 1 for the one that made it.
bool is_first_of_its_namespace(pid_t pid) {
  const auto text = sys::read_kernel_file(fmt::format("/proc/{}/status", pid));
  if (!text.ok()) return true;
  const std::size_t begin = text->find("NSpid:");
  if (begin == std::string::npos) return true;
  const std::string line = text->substr(begin, text->find('\n', begin) - begin);
  return line.ends_with("\t1") && line.find('\t') != line.rfind('\t');
}

}  // namespace

Result<std::unique_ptr<Task>> Service::make_task(const TaskRequest& request) {
  auto task = std::make_unique<Task>();
  task->id = request.id;
  task->bundle = request.bundle;
  task->request = request;
  task->options = TRY(load_options(request.options.value_or(Any())));
  if (!request.parent_checkpoint.empty()) {
    return make_error(ErrorCode::unsupported, "a restore from a chain of checkpoints");
  }
  task->context.root = task->options.root + "/" + name_space_;
  if (task->options.systemd_cgroup) task->context.cgroup_manager = CgroupManager::systemd;
  task->context.warn = log_;
  task->init.paths = request.stdio;
  task->init.stdio =
      TRY(Stdio::open(loop_, request.stdio, {request.id, name_space_}, task->stdio_owner()));
  TRY(write_bundle_record(task->bundle, {task->options.root, task->options.systemd_cgroup}));
  return task;
}

void Service::create(const TaskRequest& request, const Respond& respond) {
  if (find(request.id) != nullptr) {
    return refuse(respond, ttrpc::Code::already_exists, "task " + request.id);
  }
  auto made = make_task(request);
  if (!made.ok()) return refuse(respond, "failed to create shim task", made.error());
  Task& task = *tasks_.emplace(request.id, std::move(made).value()).first->second;
  std::shared_ptr<ConsoleSocket> console;
  if (request.stdio.terminal && request.checkpoint.empty()) {
    auto socket = ConsoleSocket::listen(task.bundle, "console.sock");
    if (!socket.ok()) {
      tasks_.erase(request.id);
      return refuse(respond, "failed to create shim task", socket.error());
    }
    console = std::make_shared<ConsoleSocket>(std::move(socket).value());
  }
  const auto work = [&task, console]() -> Result<std::string> {
    const sys::UniqueFd root = TRY(mount_root(task));
    if (!task.request.checkpoint.empty()) return std::string("0");
    auto pid = create_container(task, console ? console->path() : "", root.get());
    if (!pid.ok() && !task.request.rootfs.empty()) {
      ignore(unmount_rootfs(task.rootfs()), "the first error counts");
    }
    return pid;
  };
  task.init.starting = true;
  const auto done = [this, id = request.id, console, respond,
                     hold = reaper_.hold()](const Result<std::string>& pid) {
    Task* now = find(id);
    if (now == nullptr) return;
    if (pid.ok() && console) {
      auto terminal = console->take();
      const auto started = terminal.ok() ? now->init.stdio->started(std::move(terminal).value())
                                         : Result<>(terminal.error());
      if (!started.ok()) log_(started.error().message);
    } else if (pid.ok() && now->request.checkpoint.empty()) {
      ignore(now->init.stdio->started({}), "without a terminal nothing can fail");
    }
    created(id, pid, respond);
  };
  run(work, done);
}

void Service::created(const std::string& id, const Result<std::string>& pid,
                      const Respond& respond) {
  Task& task = *find(id);
  if (!pid.ok()) {
    tasks_.erase(id);
    return refuse(respond, "OCI runtime create failed", pid.error());
  }
  task.init.starting = false;
  const pid_t number = as_pid(*pid);
  if (number > 0) {
    const auto adopted = adopt_init(task, number);
    if (!adopted.ok()) log_(adopted.error().message);
  }
  publish(task_create_event(task.request, number));
  answer(respond, encode_pid(number));
}

Result<> Service::adopt_init(Task& task, pid_t pid) {
  task.init.pid = pid;
  task.owns_pid_namespace = is_first_of_its_namespace(pid);
  reaper_.expect(pid, [this, id = task.id](const sys::ExitStatus& status, Time at) {
    init_ended(id, {static_cast<std::uint32_t>(status.shell_code()), at});
  });
  const auto found = TRY(container::find(task.context.root, task.id, container::Lock::none));
  task.cgroup = found.state.cgroup;
  watch_oom(task);
  return {};
}

void Service::watch_oom(Task& task) {
  auto events = cgroups::OomEvents::open(task.cgroup);
  if (!events.ok()) return;  // no memory controller
  task.oom.emplace(std::move(events).value());
  const auto take = [this, id = task.id](std::uint32_t) {
    Task* now = find(id);
    if (now == nullptr || !now->oom) return;
    const auto change = now->oom->take();
    if (!change.ok() || *change == cgroups::OomEvents::Change::cgroup_gone) {
      now->oom_watch.reset();
      now->oom.reset();
    } else if (*change == cgroups::OomEvents::Change::oom) {
      publish(task_oom_event(id));
    }
  };
  auto watch =
      loop_.watch(task.oom->fd(), static_cast<std::uint32_t>(task.oom->poll_events()), take);
  if (watch.ok()) task.oom_watch = std::move(watch).value();
}

void Service::start(Task& task, const Respond& respond) {
  if (task.init.exit) {
    return refuse(respond, ttrpc::Code::failed_precondition, "cannot start a stopped process");
  }
  if (task.init.started || task.init.starting) {
    return refuse(respond, ttrpc::Code::failed_precondition, "cannot start a running process");
  }
  if (!task.request.checkpoint.empty()) return restore(task, respond);
  task.init.starting = true;
  const auto work = [context = task.context, id = task.id]() -> Result<std::string> {
    TRY(myrt::start(context, id));
    return std::string();
  };
  const auto done = [this, id = task.id, respond](const Result<std::string>& result) {
    Task* now = find(id);
    if (now == nullptr) return;
    now->init.starting = false;
    if (result.ok()) {
      now->init.started = true;
      publish(task_start_event(id, now->init.pid));
      answer(respond, encode_pid(now->init.pid));
    } else {
      refuse(respond, "OCI runtime start failed", result.error());
    }
    // A short program may have ended before its start was told.
    if (now->init.exit && !now->exit_withheld) announce(*now, now->init);
  };
  run(work, done);
}

void Service::restore(Task& task, const Respond& respond) {
  if (task.init.paths.terminal) {
    return refuse(respond, ttrpc::Code::unimplemented, "restore of a container with a terminal");
  }
  task.init.starting = true;
  const auto work = [&task]() -> Result<std::string> {
    TRY(task.init.stdio->start_logger());
    TRY(task.init.stdio->place_ends());
    RestoreOptions options;
    options.create = create_options(task, "");
    options.criu.binary = criu_binary();
    options.criu.image_path = task.request.checkpoint;
    options.criu.work_path = task.options.criu_work_path;
    options.detach = Switch::on;
    TRY(myrt::restore(task.context, options));
    return read_pid(task.bundle);
  };
  const auto done = [this, id = task.id, respond,
                     hold = reaper_.hold()](const Result<std::string>& pid) {
    Task* now = find(id);
    if (now == nullptr) return;
    now->init.starting = false;
    if (!pid.ok()) return refuse(respond, "OCI runtime restore failed", pid.error());
    const pid_t number = as_pid(*pid);
    ignore(now->init.stdio->started({}), "without a terminal nothing can fail");
    now->init.started = true;
    const auto adopted = adopt_init(*now, number);
    if (!adopted.ok()) log_(adopted.error().message);
    publish(task_start_event(id, number));
    answer(respond, encode_pid(number));
  };
  run(work, done);
}

}  // namespace myrt::shim
