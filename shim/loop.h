// The shim's one thread: an epoll loop over everything that it waits for.
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::shim {

class Loop;

// One fd in the loop; no event comes after its destruction. It does not own the fd, which has to
// outlive it.
class Watch {
 public:
  Watch() = default;
  Watch(Watch&& other) noexcept
      : loop_(std::exchange(other.loop_, nullptr)), fd_(other.fd_), token_(other.token_) {}
  Watch& operator=(Watch other) noexcept;
  Watch(const Watch&) = delete;
  ~Watch();

  bool active() const { return loop_ != nullptr; }
  void reset() { *this = Watch(); }

 private:
  friend class Loop;
  Watch(Loop* loop, int fd, std::uint64_t token) : loop_(loop), fd_(fd), token_(token) {}

  Loop* loop_ = nullptr;
  int fd_ = -1;
  std::uint64_t token_ = 0;
};

class Loop {
 public:
  using Ready = std::function<void(std::uint32_t events)>;

  static Result<Loop> open();

  // Calls `ready` whenever one of `events` (EPOLLIN, ...) is there. One watch per fd. Errors:
  // system; EPERM for a file that epoll does not know: it is always ready.
  Result<Watch> watch(int fd, std::uint32_t events, Ready ready);
  // Calls `action` once.
  void after(std::chrono::milliseconds delay, std::function<void()> action);

  // Until stop(). Errors: system.
  Result<> run();
  void stop() { stopped_ = true; }

 private:
  using Clock = std::chrono::steady_clock;
  friend class Watch;
  Loop() = default;
  int milliseconds_to_wait() const;
  void run_due_actions();

  sys::UniqueFd epoll_;
  // By a number that is never given twice: an event of a watch that is gone finds nothing.
  std::map<std::uint64_t, std::shared_ptr<Ready>> ready_;
  std::multimap<Clock::time_point, std::function<void()>> actions_;
  std::uint64_t last_token_ = 0;
  bool stopped_ = false;
};

}  // namespace myrt::shim
