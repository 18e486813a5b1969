#include "runtime/container/foreground.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <csignal>

#include "runtime/container/terminal_proxy.h"

namespace myrt::container {
namespace {

// Reaps orphans that came to us as the subreaper, and leaves `child` for its owner.
void reap_orphans(pid_t child) {
  while (true) {
    siginfo_t info = {};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return;
    if (info.si_pid == 0 || info.si_pid == child) return;
    ::waitpid(info.si_pid, nullptr, WNOHANG);
  }
}

void handle_signal(int signals_fd, const sys::ChildProcess& child, const TerminalProxy& proxy) {
  signalfd_siginfo info = {};
  if (::read(signals_fd, &info, sizeof info) != sizeof info) return;
  const int signal = static_cast<int>(info.ssi_signo);
  if (signal == SIGCHLD) return reap_orphans(child.pid());
  if (signal == SIGWINCH) return proxy.resize();
  // Ours alone: a broken stdout of the proxy is no business of the container's.
  if (signal == SIGPIPE) return;
  ignore(sys::pidfd_send_signal(child.pidfd(), signal), "it may have exited just now");
}

}  // namespace

Result<sys::UniqueFd> open_signals() {
  sigset_t all;
  ::sigfillset(&all);
  sys::UniqueFd fd(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return errno_error("signalfd", "receive signals");
  return fd;
}

Result<sys::ExitStatus> attend(sys::ChildProcess child, int signals_fd, sys::UniqueFd terminal,
                               const NotifySocket& notify) {
  TerminalProxy proxy(std::move(terminal));
  while (true) {
    pollfd fds[5] = {{child.pidfd(), POLLIN, 0},
                     {signals_fd, POLLIN, 0},
                     proxy.input(),
                     proxy.master(),
                     {notify.fd(), POLLIN, 0}};
    if (::poll(fds, 5, -1) < 0 && errno != EINTR)
      return errno_error("poll", "wait for the process");
    // Once it has exited no signal means anything to it, SIGCHLD least of all.
    if (fds[1].revents != 0 && fds[0].revents == 0) handle_signal(signals_fd, child, proxy);
    proxy.handle(fds[2], fds[3]);
    if (fds[4].revents != 0) ignore(notify.forward(0), "the caller's own socket may be gone");
    if (fds[0].revents != 0) break;
  }
  proxy.drain();
  return child.wait();
}

}  // namespace myrt::container
