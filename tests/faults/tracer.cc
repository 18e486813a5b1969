#include "tests/faults/tracer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/reg.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <utility>

namespace faults {
namespace {

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::_Exit(99);
}

struct Traced {
  Role role = Role::child;
  int pending_error = 0;           // for the return of the call that it is in
  std::uint64_t wanted_break = 0;  // of the brk(2) that it is in, and that was made to fail
};

// The process that traces. It ends with the command, and with it the tracing.
class Tracer {
 public:
  Tracer(const Point& point, pid_t root) : point_(point), root_(root) {
    traced_[root].role = Role::runtime;
  }

  Step run(std::chrono::seconds bound) {
    struct sigaction action = {};
    action.sa_handler = [](int) {};  // without SA_RESTART: waitpid ends
    ::sigaction(SIGALRM, &action, nullptr);
    ::alarm(static_cast<unsigned>(bound.count()));
    while (true) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, __WALL);
      if (pid < 0 && errno == EINTR) return give_up();
      if (pid < 0) die("waitpid");
      if (WIFSTOPPED(status)) {
        handle_stop(pid, status);
        continue;
      }
      traced_.erase(pid);
      if (pid != root_) continue;
      result_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      return result_;
    }
  }

 private:
  Step give_up() {
    result_.hung = true;
    for (const auto& [pid, traced] : traced_) result_.waiting += doing(pid) + "; ";
    for (const auto& [pid, traced] : traced_) ::kill(pid, SIGKILL);
    return result_;
  }

  void go_on(pid_t pid, int signal = 0) {
    // After the fault nothing has to be counted any more.
    const Traced& traced = traced_[pid];
    const bool returns = traced.pending_error != 0 || traced.wanted_break != 0;
    const auto request = !result_.hit || returns ? PTRACE_SYSCALL : PTRACE_CONT;
    ::ptrace(request, pid, nullptr, signal);
  }

  void handle_stop(pid_t pid, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    traced_.try_emplace(pid);
    if (signal == (SIGTRAP | 0x80)) return handle_call(pid);
    if (event == PTRACE_EVENT_EXEC) return handle_exec(pid);
    if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {  // stopped by a signal, and stays so
      ::ptrace(PTRACE_LISTEN, pid, nullptr, 0);
      return;
    }
    go_on(pid, event != 0 || signal == SIGTRAP ? 0 : signal);
  }

  // A child that executes a program is the user's, or a hook.
  void handle_exec(pid_t pid) {
    if (pid == root_) {
      armed_ = true;
      return go_on(pid);
    }
    ::ptrace(PTRACE_DETACH, pid, nullptr, 0);
    traced_.erase(pid);
  }

  void handle_call(pid_t pid) {
    struct __ptrace_syscall_info info = {};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    Traced& traced = traced_[pid];
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      enter(pid, traced, static_cast<long>(info.entry.nr), info.entry.args[0]);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && traced.wanted_break != 0) {
      ::ptrace(PTRACE_POKEUSER, pid, sizeof(long) * RDI, std::exchange(traced.wanted_break, 0));
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && traced.pending_error != 0) {
      ::ptrace(PTRACE_POKEUSER, pid, sizeof(long) * RAX, -static_cast<long>(traced.pending_error));
      traced.pending_error = 0;
    }
    go_on(pid);
  }

  void enter(pid_t pid, Traced& traced, long number, std::uint64_t argument) {
    if (!armed_ || result_.hit) return;
    auto& calls = result_.calls[static_cast<unsigned>(traced.role)];
    calls.push_back(number);
    if (point_.kind == Kind::none || traced.role != point_.role || calls.size() != point_.index) {
      return;
    }
    const auto errors = errors_of(number);
    if (point_.kind == Kind::kill) {
      ::kill(pid, SIGKILL);
    } else if (point_.rank < errors.size()) {
      result_.error = errors[point_.rank];
      fail(pid, traced, number, argument);
    } else {
      return;
    }
    result_.hit = true;
    result_.syscall = number;
  }

  void fail(pid_t pid, Traced& traced, long number, std::uint64_t argument) const {
    if (number == SYS_brk) {
      // It says that it has failed by the break as it is, and that is what it is asked for here.
      // The caller has its register back afterwards.
      traced.wanted_break = argument;
      ::ptrace(PTRACE_POKEUSER, pid, sizeof(long) * RDI, 0L);
      return;
    }
    traced.pending_error = result_.error;
    if (!is_made_in_any_case(number)) ::ptrace(PTRACE_POKEUSER, pid, sizeof(long) * ORIG_RAX, -1);
  }

  Point point_;
  pid_t root_;
  bool armed_ = false;  // since the command was executed
  std::map<pid_t, Traced> traced_;
  Step result_;
};

// In the process that becomes the command.
[[noreturn]] void execute(const Command& command, int gate) {
  char byte = 0;
  if (::read(gate, &byte, 1) != 1) std::_Exit(99);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int output = ::open(command.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (::dup2(null, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) std::_Exit(99);
  std::vector<char*> argv;
  for (const std::string& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  std::_Exit(99);
}

Step trace(const Command& command, const Point& point, std::chrono::seconds bound) {
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) != 0) die("pipe2");
  const pid_t root = ::fork();
  if (root < 0) die("fork");
  if (root == 0) execute(command, gate[0]);
  const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
  if (::ptrace(PTRACE_SEIZE, root, nullptr, options) != 0) die("PTRACE_SEIZE");
  if (::ptrace(PTRACE_INTERRUPT, root, nullptr, nullptr) != 0) die("PTRACE_INTERRUPT");
  if (::write(gate[1], "", 1) != 1) die("write");
  return Tracer(point, root).run(bound);
}

void put(std::FILE* stream, const Step& step) {
  std::fprintf(stream, "%d %ld %d %d %d %zu %zu\n", step.hit, step.syscall, step.error, step.status,
               step.hung, step.calls[0].size(), step.calls[1].size());
  for (const auto& calls : step.calls) {
    for (const long number : calls) std::fprintf(stream, "%ld\n", number);
  }
  std::fputs(step.waiting.c_str(), stream);
}

Step get(std::FILE* stream) {
  Step step;
  int hit = 0;
  int hung = 0;
  std::size_t sizes[kRoles] = {};
  if (std::fscanf(stream, "%d %ld %d %d %d %zu %zu\n", &hit, &step.syscall, &step.error,
                  &step.status, &hung, &sizes[0], &sizes[1]) != 7) {
    step.hung = true;
    step.waiting = "the tracer itself has failed";
    return step;
  }
  step.hit = hit != 0;
  step.hung = hung != 0;
  for (unsigned role = 0; role < kRoles; ++role) {
    for (std::size_t i = 0; i < sizes[role]; ++i) {
      long number = 0;
      if (std::fscanf(stream, "%ld\n", &number) == 1) step.calls[role].push_back(number);
    }
  }
  char text[4096];
  while (std::fgets(text, sizeof text, stream) != nullptr) step.waiting += text;
  return step;
}

}  // namespace

std::string doing(pid_t pid) {
  const std::string directory = "/proc/" + std::to_string(pid) + "/";
  const auto first_line = [&](const char* file) {
    std::ifstream stream(directory + file);
    std::string line;
    std::getline(stream, line);
    return line;
  };
  const std::string stat = first_line("stat");
  const std::size_t end = stat.rfind(')');
  const std::string state = end == std::string::npos ? "gone" : stat.substr(end + 2, 1);
  return std::to_string(pid) + " " + first_line("comm") + " (" + state + ", " +
         first_line("wchan") + ")";
}

Step step(const Command& command, const Point& point, std::chrono::seconds bound) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) die("pipe2");
  const pid_t tracer = ::fork();
  if (tracer < 0) die("fork");
  if (tracer == 0) {
    const Step result = trace(command, point, bound);
    std::FILE* stream = ::fdopen(ends[1], "w");
    put(stream, result);
    std::fclose(stream);
    std::_Exit(0);
  }
  ::close(ends[1]);
  std::FILE* stream = ::fdopen(ends[0], "r");
  const Step result = get(stream);
  std::fclose(stream);
  ::waitpid(tracer, nullptr, 0);
  return result;
}

}  // namespace faults
