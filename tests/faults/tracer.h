// Runs a command under ptrace(2), with one fault at one system call of it or of its children.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/faults/point.h"

namespace faults {

struct Command {
  std::vector<std::string> argv;
  std::string output;  // file for standard output and error
};

struct Step {
  bool hit = false;                 // the fault happened
  long syscall = -1;                // of the call that it happened at
  int error = 0;                    // that the call got
  int status = 0;                   // of the command, as a shell counts
  bool hung = false;                // it did not end within the bound, and was killed
  std::string waiting;              // then: what each process was doing
  std::vector<long> calls[kRoles];  // every call up to the fault, or to the end
};

// Processes that the command leaves behind go on without being traced. The caller is their
// subreaper. Linux on x86-64 only.
Step step(const Command& command, const Point& point, std::chrono::seconds bound);

// "4711 myrt (S, unix_stream_read)" for each process that can be seen.
std::string doing(pid_t pid);

}  // namespace faults
