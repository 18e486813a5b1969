// kill_at [FLAGS...] start|delete: stands for containerd's shim in tests/faults/shim. It executes
// the real one under ptrace(2), counts the system calls of its processes by their role, and at one
// of them sends SIGKILL to one victim. The directory $KILL_AT has these files:
//   shim        a link to the real one
//   point       "ROLE NUMBER VICTIM"; number 0: only count; the role `all`: every one
//   containerd  its pid
// and gets these:
//   server      the pid of the shim's server
//   init        the pid of the first program that a job has made: the container's
//   hit         "ROLE NUMBER NAME", before the kill
//   calls       of those that were only counted, in their order: "ROLE NAME", and `init` where
//   there is one by then over        when nobody is traced any more
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "tests/faults/point.h"

namespace {

enum class Who : unsigned { start, server, job, init, remove };
constexpr std::array kNames = {"start", "server", "job", "init", "delete"};

const char* name_of(Who who) { return kNames[static_cast<unsigned>(who)]; }

// Who a process is, by who has made it. Whatever a job makes counts as init until it executes a
// program: that is exec's as well.
Who child_of(Who parent) {
  if (parent == Who::start) return Who::server;
  if (parent == Who::server) return Who::job;
  return parent == Who::remove ? Who::remove : Who::init;
}

struct Plan {
  std::string directory;
  std::string role, victim;
  unsigned number = 0;

  std::string path(const char* name) const { return directory + "/" + name; }
  bool counts() const { return number == 0; }
  bool concerns(Who who) const { return role == "all" || role == name_of(who); }
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::_Exit(99);
}

Plan read_plan() {
  Plan plan;
  const char* directory = std::getenv("KILL_AT");
  if (directory == nullptr) die("KILL_AT");
  plan.directory = directory;
  std::ifstream(plan.path("point")) >> plan.role >> plan.number >> plan.victim;
  return plan;
}

// Whole or not at all: the script looks at it at any moment.
void put(const std::string& path, const std::string& text) {
  std::ofstream(path + ".new") << text << "\n";
  if (std::rename((path + ".new").c_str(), path.c_str()) != 0) die("rename");
}

pid_t read_pid(const std::string& path) {
  pid_t pid = 0;
  std::ifstream(path) >> pid;
  return pid;
}

constexpr int kPatienceMs = 2000;

// -1: there is no such process.
int open_process(pid_t pid) {
  return pid <= 0 ? -1 : static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

bool ends_within(int pidfd, int milliseconds) {
  pollfd ended = {pidfd, POLLIN, 0};
  return ::poll(&ended, 1, milliseconds) > 0;
}

bool lives(pid_t pid) {
  const int pidfd = open_process(pid);
  const bool is_there = pidfd >= 0 && !ends_within(pidfd, 0);
  ::close(pidfd);
  return is_there;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// The process that traces. What it still traces when it ends goes on without it.
class Tracer {
 public:
  Tracer(Plan plan, pid_t root, Who who) : plan_(std::move(plan)), root_(root) {
    traced_.emplace(root, who);
  }

  void run() {
    while (!hit_) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, __WALL);
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) break;
      if (WIFSTOPPED(status)) {
        handle_stop(pid, status);
      } else {
        traced_.erase(pid);
      }
    }
    if (plan_.counts()) std::ofstream(plan_.path("calls"), std::ios::app) << calls_;
    put(plan_.path("over"), "");
  }

 private:
  void handle_stop(pid_t pid, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    const auto found = traced_.find(pid);
    if (found == traced_.end()) {  // its parent's stop, which says who it is, is still to come
      early_.insert(pid);
      return;
    }
    if (signal == (SIGTRAP | 0x80)) return handle_call(pid, found->second);
    if (event == PTRACE_EVENT_EXEC) return handle_exec(pid, found->second);
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
      adopt(pid, found->second);
    }
    if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {  // stopped by a signal, and stays so
      ::ptrace(PTRACE_LISTEN, pid, nullptr, 0);
      return;
    }
    go_on(pid, event != 0 || signal == SIGTRAP ? 0 : signal);
  }

  void go_on(pid_t pid, int signal = 0) { ::ptrace(PTRACE_SYSCALL, pid, nullptr, signal); }

  void adopt(pid_t parent, Who who) {
    unsigned long child = 0;
    ::ptrace(PTRACE_GETEVENTMSG, parent, nullptr, &child);
    const pid_t pid = static_cast<pid_t>(child);
    traced_.emplace(pid, child_of(who));
    if (who == Who::start) put(plan_.path("server"), std::to_string(pid));
    if (early_.erase(pid) > 0) go_on(pid);
  }

  // The shim executes itself once, from a sealed copy. What a job's child executes is the user's.
  void handle_exec(pid_t pid, Who who) {
    if (pid == root_) {
      armed_ = true;
      return go_on(pid);
    }
    if (who == Who::init && !exists(plan_.path("init"))) {
      put(plan_.path("init"), std::to_string(pid));
    }
    ::ptrace(PTRACE_DETACH, pid, nullptr, 0);
    traced_.erase(pid);
  }

  void handle_call(pid_t pid, Who who) {
    struct __ptrace_syscall_info info = {};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    if (armed_ && info.op == PTRACE_SYSCALL_INFO_ENTRY && plan_.concerns(who)) {
      enter(pid, who, static_cast<long>(info.entry.nr));
    }
    go_on(pid);
  }

  void enter(pid_t pid, Who who, long call) {
    const unsigned number = ++counts_[static_cast<unsigned>(who)];
    if (plan_.counts()) {
      calls_ += std::string(name_of(who)) + " " + faults::syscall_name(call) +
                (lives(read_pid(plan_.path("init"))) ? " init\n" : "\n");
    } else if (number == plan_.number) {
      kill_victim(pid, who, call);
    }
  }

  void kill_victim(pid_t pid, Who who, long call) {
    hit_ = true;  // or never: the victim has ended already
    pid_t victim = pid;
    if (plan_.victim != "process") victim = read_pid(plan_.path(plan_.victim.c_str()));
    if (!lives(victim)) return;
    put(plan_.path("hit"), std::string(name_of(who)) + " " + std::to_string(plan_.number) + " " +
                               faults::syscall_name(call));
    const int pidfd = open_process(victim);
    ::kill(victim, SIGKILL);
    // It is dead by the time that the call is made.
    ends_within(pidfd, kPatienceMs);
    // A job ends with its server. One that does not goes on when containerd's clean-up is over,
    // with nobody to know what it makes.
    if (plan_.victim == "server") ends_within(open_process(pid), kPatienceMs);
  }

  Plan plan_;
  pid_t root_;
  bool armed_ = false;  // since the real shim was executed
  bool hit_ = false;
  std::map<pid_t, Who> traced_;
  std::set<pid_t> early_;
  std::array<unsigned, kNames.size()> counts_ = {};
  std::string calls_;
};

// Nothing of the command's may stay open here: containerd waits for the end of its output.
[[noreturn]] void trace(const Plan& plan, pid_t root, Who who, int gate) {
  if (::setsid() < 0 || ::chdir("/") != 0) die("setsid");
  const int null = ::open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(null, fd);
  ::dup2(gate, 3);
  ::close_range(4, ~0U, 0);
  const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
  if (::ptrace(PTRACE_SEIZE, root, nullptr, options) != 0) die("PTRACE_SEIZE");
  if (::ptrace(PTRACE_INTERRUPT, root, nullptr, nullptr) != 0) die("PTRACE_INTERRUPT");
  if (::write(3, "", 1) != 1) die("write");
  ::close(3);
  Tracer(plan, root, who).run();
  std::_Exit(0);
}

// Two forks, so that the process which becomes the shim has no child that it does not know of.
void start_tracer(const Plan& plan, Who who) {
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) != 0) die("pipe2");
  const pid_t root = ::getpid();
  const pid_t middle = ::fork();
  if (middle < 0) die("fork");
  if (middle == 0) {
    const pid_t tracer = ::fork();
    if (tracer < 0) die("fork");
    if (tracer == 0) trace(plan, root, who, gate[1]);
    std::_Exit(0);
  }
  ::waitpid(middle, nullptr, 0);
  ::close(gate[1]);
  char byte = 0;
  if (::read(gate[0], &byte, 1) != 1) die("the tracer has not begun");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 1) return 2;
  const Plan plan = read_plan();
  const std::string action = argc > 1 ? argv[argc - 1] : "";
  const Who who = action == "delete" ? Who::remove : Who::start;
  const bool traces = (who == Who::remove) == (plan.role == "delete") || plan.role == "all";
  if ((action == "start" || action == "delete") && traces && !exists(plan.path("hit"))) {
    start_tracer(plan, who);
  }
  ::unsetenv("KILL_AT");
  std::string shim = plan.path("shim");
  argv[0] = shim.data();
  ::execv(argv[0], argv);
  die("execv");
}
