// start_path OFFSETS COMMAND...: runs COMMAND by single steps, with what it starts, and appends to
// the file OFFSETS where in its executable it was: offsets in hexadecimal, each once, in the order
// of their first execution. What executes another program is let go. Ends with the status of
// COMMAND. For start_path.py; ptrace(2).
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kMaxProgramBytes = 64U << 20U;
constexpr int kNotExecuted = 127;

struct Range {
  unsigned long begin = 0, end = 0;
};

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const Identity&) const = default;
};

Identity identity_of(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return {};
  return {file.st_dev, file.st_ino};
}

// Where the process has its program; empty when that is another than `program`. A sealed clone lies
// on a mount of its own, so that its inode has to do.
Range program_of(pid_t pid, const Identity& program) {
  const std::string process = "/proc/" + std::to_string(pid);
  if (identity_of(process + "/exe") != program) return {};
  std::ifstream maps(process + "/maps");
  Range range;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    char dash = 0;
    unsigned long begin = 0, end = 0;
    std::string permissions, offset, device;
    ino_t inode = 0;
    words >> std::hex >> begin >> dash >> end >> permissions >> offset >> device >> std::dec >>
        inode;
    if (inode != program.inode) continue;
    if (range.begin == 0) range.begin = begin;
    range.end = end;
  }
  return range;
}

class Stepper {
 public:
  Stepper(const char* offsets, Identity program)
      : offsets_(offsets, std::ios::app), program_(program), seen_(kMaxProgramBytes) {}

  // Until the first process has ended, whose wait status it returns.
  int follow(pid_t first) {
    int status = 0;
    while (true) {
      const pid_t pid = ::waitpid(-1, &status, __WALL);
      if (pid < 0 && errno != EINTR) return 0;
      if (pid < 0) continue;
      if (WIFSTOPPED(status)) {
        stopped(pid, status);
        continue;
      }
      ranges_.erase(pid);
      if (pid == first) break;
    }
    let_others_go();
    return status;
  }

 private:
  void stopped(pid_t pid, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (event == PTRACE_EVENT_EXEC || ranges_.count(pid) == 0) {
      ranges_[pid] = program_of(pid, program_);
      if (ranges_[pid].end == 0) {
        ::ptrace(PTRACE_DETACH, pid, 0, 0);
        ranges_.erase(pid);
        return;
      }
    }
    if (event == 0 && signal == SIGTRAP) note(pid);
    const bool deliver = event == 0 && signal != SIGTRAP && signal != SIGSTOP;
    ::ptrace(PTRACE_SINGLESTEP, pid, 0, deliver ? signal : 0);
  }

  void note(pid_t pid) {
    user_regs_struct registers{};
    if (::ptrace(PTRACE_GETREGS, pid, 0, &registers) != 0) return;
    const Range& range = ranges_[pid];
    if (registers.rip < range.begin || registers.rip >= range.end) return;
    const unsigned long offset = registers.rip - range.begin;
    if (offset >= seen_.size() || seen_[offset]) return;
    seen_[offset] = true;
    offsets_ << std::hex << offset << '\n';
  }

  // An init that waits for its start. It has to stop to be let go of.
  void let_others_go() {
    for (const auto& [pid, range] : ranges_) {
      ::syscall(SYS_tgkill, pid, pid, SIGSTOP);
      int status = 0;
      while (::waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
        if (WSTOPSIG(status) == SIGSTOP) {
          ::ptrace(PTRACE_DETACH, pid, 0, 0);
          break;
        }
        ::ptrace(PTRACE_CONT, pid, 0, 0);
      }
    }
  }

  std::ofstream offsets_;
  Identity program_;
  std::vector<bool> seen_;
  std::map<pid_t, Range> ranges_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "start_path: OFFSETS COMMAND...\n";
    return kNotExecuted;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, 0, 0);
    ::execv(argv[2], argv + 2);
    ::_exit(kNotExecuted);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return kNotExecuted;
  ::ptrace(PTRACE_SETOPTIONS, child, 0,
           PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC);
  ::ptrace(PTRACE_SINGLESTEP, child, 0, 0);
  status = Stepper(argv[1], identity_of(argv[2])).follow(child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
