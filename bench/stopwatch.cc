// Runs commands and measures them, for measure.py: as small a parent as there can be, since
// ru_maxrss of a child counts what its parent had mapped before execve(2), and since a fork of an
// interpreter costs more than some of the commands.
//
//   stopwatch REQUESTS RESPONSES     two fd numbers
// A request is a line of fields between unit separators (0x1f):
//   microseconds to be idle before, number of processes to run at once, argument, argument...
// where `{n}` in an argument is the process's number. The response is a line:
//   exit status (the first that is not 0), wall ns, CPU us, peak RSS in KiB, page faults
// CPU is user and system time of the command and of the descendants that it has waited for.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

struct Measured {
  int status = 0;
  long long wall_ns = 0;
  long long cpu_us = 0;
  long peak_rss_kib = 0;
  long faults = 0;
};

long long now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == '\x1f') {
      fields.emplace_back();
    } else if (c != '\n') {
      fields.back() += c;
    }
  }
  return fields;
}

std::vector<std::string> numbered(std::vector<std::string> arguments, int number) {
  for (std::string& argument : arguments) {
    const std::size_t at = argument.find("{n}");
    if (at != std::string::npos) argument.replace(at, 3, std::to_string(number));
  }
  return arguments;
}

std::vector<char*> pointers(std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return argv;
}

void add(const rusage& usage, int wait_status, Measured& measured) {
  const int status =
      WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
  if (measured.status == 0) measured.status = status;
  measured.cpu_us += (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000LL +
                     usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  if (usage.ru_maxrss > measured.peak_rss_kib) measured.peak_rss_kib = usage.ru_maxrss;
  measured.faults += usage.ru_minflt + usage.ru_majflt;
}

Measured measure(int count, const std::vector<std::string>& arguments) {
  std::vector<std::vector<std::string>> commands;
  for (int n = 0; n < count; ++n) commands.push_back(numbered(arguments, n));
  Measured measured;
  const long long begin = now_ns();
  int running = 0;
  for (std::vector<std::string>& command : commands) {
    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, command[0].c_str(), nullptr, nullptr,
                                    pointers(command).data(), environ);
    if (error == 0) {
      ++running;
    } else {
      std::fprintf(stderr, "stopwatch: %s: %s\n", command[0].c_str(), std::strerror(error));
      measured.status = 127;
    }
  }
  while (running > 0) {
    int wait_status = 0;
    rusage usage{};
    const pid_t pid = ::wait4(-1, &wait_status, 0, &usage);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) break;
    --running;
    add(usage, wait_status, measured);
  }
  measured.wall_ns = now_ns() - begin;
  return measured;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  // The commands inherit neither.
  const int requests_fd = ::fcntl(std::atoi(argv[1]), F_DUPFD_CLOEXEC, 10);
  const int responses_fd = ::fcntl(std::atoi(argv[2]), F_DUPFD_CLOEXEC, 10);
  ::close(std::atoi(argv[1]));
  ::close(std::atoi(argv[2]));
  FILE* requests = ::fdopen(requests_fd, "re");
  if (requests == nullptr || responses_fd < 0) return 2;
  char* line = nullptr;
  std::size_t capacity = 0;
  while (::getline(&line, &capacity, requests) > 0) {
    std::vector<std::string> fields = split(line);
    if (fields.size() < 3) return 2;
    const unsigned idle_us = static_cast<unsigned>(std::atoi(fields[0].c_str()));
    const int count = std::atoi(fields[1].c_str());
    fields.erase(fields.begin(), fields.begin() + 2);
    if (idle_us > 0) ::usleep(idle_us);
    const Measured m = measure(count, fields);
    ::dprintf(responses_fd, "%d %lld %lld %ld %ld\n", m.status, m.wall_ns, m.cpu_us, m.peak_rss_kib,
              m.faults);
  }
  return 0;
}
