// racer exchange A B [A B]...     exchanges the names of each pair for ever; prints a line when it
//                                 has begun, and on SIGTERM how often it has done so
// racer swap A B                  once
// racer stop NAME ACTION COMMAND  runs COMMAND... with the stop point NAME (sys/weakness.h); when
// it
//                                 is reached, runs ACTION in a shell and lets it go on. The status
//                                 is COMMAND's; "stopped" goes to stderr.
//
// The names are exchanged by renameat2(RENAME_EXCHANGE), so that there is no moment without either.
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

volatile sig_atomic_t ended = 0;

bool exchange(const char* one, const char* other) {
  return ::syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0;
}

int exchange_for_ever(int count, char** names) {
  struct sigaction action = {};
  action.sa_handler = [](int) { ended = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  unsigned long done = 0;
  while (ended == 0) {
    for (int i = 0; i + 1 < count; i += 2) done += exchange(names[i], names[i + 1]) ? 1 : 0;
    if (done > 0 && done <= static_cast<unsigned long>(count)) {
      std::puts("begun");
      std::fflush(stdout);
    }
  }
  std::printf("%lu\n", done);
  return 0;
}

pid_t start(char** command, const char* name, int fd) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::setenv("MYRT_STOP_AT", name, 1);
  ::setenv("MYRT_STOP_FD", std::to_string(fd).c_str(), 1);
  ::execvp(command[0], command);
  std::perror(command[0]);
  ::_exit(127);
}

void act(const char* action) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl("/bin/bash", "bash", "-c", action, nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0) std::fputs("the action failed\n", stderr);
}

// Until the command is over: what it starts may have the socket for as long as it lives.
void serve(int fd, int pidfd, const char* action) {
  for (;;) {
    pollfd waits[] = {{fd, POLLIN, 0}, {pidfd, POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0) continue;
    if ((waits[0].revents & POLLIN) != 0) {
      char text[64] = {};
      if (::recv(fd, text, sizeof text - 1, 0) <= 0) return;
      std::fputs("stopped\n", stderr);
      act(action);
      if (::send(fd, "x", 1, MSG_NOSIGNAL) != 1) return;
      continue;
    }
    if (waits[1].revents != 0) return;
    if (waits[0].revents != 0) waits[0].fd = -1;
  }
}

int stop(const char* name, const char* action, char** command) {
  int ends[2];
  constexpr int kTheirs = 200;  // out of the way of what a test preserves
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return 125;
  if (::dup2(ends[1], kTheirs) < 0) return 125;
  ::close(ends[1]);
  const pid_t pid = start(command, name, kTheirs);
  ::close(kTheirs);
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  serve(ends[0], pidfd, action);
  // Whoever stops from now on goes on at once.
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// chroot(2): "the superuser can escape from a chroot jail by ...".
int climb(const char* file) {
  const int above = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  ::mkdir("/below", 0700);
  if (above < 0 || ::chroot("/below") != 0 || ::fchdir(above) != 0) {
    std::perror("chroot");
    return 1;
  }
  for (int i = 0; i < 64; ++i) {
    if (::chdir("..") != 0) return 1;
  }
  if (::chroot(".") != 0) return 1;
  char text[256] = {};
  const int fd = ::open(file, O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && ::read(fd, text, sizeof text - 1) > 0) std::fputs(text, stdout);
  std::puts("climbed");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 4 && std::strcmp(argv[1], "exchange") == 0) {
    return exchange_for_ever(argc - 2, argv + 2);
  }
  if (argc == 4 && std::strcmp(argv[1], "swap") == 0) return exchange(argv[2], argv[3]) ? 0 : 1;
  if (argc >= 5 && std::strcmp(argv[1], "stop") == 0) return stop(argv[2], argv[3], argv + 4);
  if (argc == 3 && std::strcmp(argv[1], "climb") == 0) return climb(argv[2]);
  std::fputs("usage: racer exchange A B... | swap A B | stop NAME ACTION COMMAND... | climb FILE\n",
             stderr);
  return 2;
}
