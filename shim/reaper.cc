#include "shim/reaper.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <array>
#include <csignal>

namespace myrt::shim {

Result<std::unique_ptr<Reaper>> Reaper::start(Loop& loop) {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return errno_error("prctl", "become a subreaper");
  }
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  std::unique_ptr<Reaper> reaper(new Reaper(loop));
  reaper->signals_ = sys::UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!reaper->signals_.valid()) return errno_error("signalfd", "wait for children");
  reaper->watch_ = TRY(loop.watch(reaper->signals_.get(), EPOLLIN,
                                  [self = reaper.get()](std::uint32_t) { self->reap(); }));
  return reaper;
}

void Reaper::expect(pid_t pid, Ended ended) {
  if (const auto early = unclaimed_.extract(pid)) {
    loop_.after(std::chrono::milliseconds(0),
                [end = early.mapped(), ended = std::move(ended)] { ended(end.status, end.at); });
    return;
  }
  expected_.insert_or_assign(pid, std::move(ended));
}

Reaper::Hold Reaper::hold() {
  auto hold = hold_.lock();
  if (hold) return hold;
  hold = Hold(this, [](void* self) { static_cast<Reaper*>(self)->unclaimed_.clear(); });
  hold_ = hold;
  return hold;
}

void Reaper::reap() {
  std::array<signalfd_siginfo, 4> ignored;
  while (::read(signals_.get(), ignored.data(), sizeof ignored) > 0) {
  }
  while (true) {
    siginfo_t info = {};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return;
    const sys::ExitStatus status{info.si_code != CLD_EXITED, info.si_status};
    if (auto found = expected_.extract(info.si_pid)) {
      found.mapped()(status, std::chrono::system_clock::now());
    } else if (!hold_.expired()) {
      unclaimed_.insert_or_assign(info.si_pid, Unclaimed{status, std::chrono::system_clock::now()});
    }
  }
}

}  // namespace myrt::shim
