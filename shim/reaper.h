// The shim's children: who ends is reaped here, and here alone, so that no pid is used again before
// its end was told. As a subreaper the shim also gets what containers leave behind.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>

#include "shim/loop.h"
#include "shim/messages.h"
#include "sys/process.h"
#include "sys/result.h"

namespace myrt::shim {

class Reaper {
 public:
  using Ended = std::function<void(const sys::ExitStatus&, Time)>;

  // Makes this process a subreaper, and blocks SIGCHLD for it.
  static Result<std::unique_ptr<Reaper>> start(Loop& loop);

  // `ended` is called once, from the loop. `pid` is a child, or one that became one meanwhile: that
  // it has ended already is known as long as a Hold lasts.
  void expect(pid_t pid, Ended ended);

  // While one exists, the ends of children that nobody expects yet are remembered: those of a
  // container's init, whose creator has still to say its pid.
  using Hold = std::shared_ptr<void>;
  Hold hold();

 private:
  explicit Reaper(Loop& loop) : loop_(loop) {}
  void reap();

  struct Unclaimed {
    sys::ExitStatus status;
    Time at;
  };
  Loop& loop_;
  sys::UniqueFd signals_;
  Watch watch_;
  std::map<pid_t, Ended> expected_;
  std::map<pid_t, Unclaimed> unclaimed_;
  std::weak_ptr<void> hold_;
};

}  // namespace myrt::shim
