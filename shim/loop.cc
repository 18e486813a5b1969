#include "shim/loop.h"

#include <array>

namespace myrt::shim {

Watch& Watch::operator=(Watch other) noexcept {
  std::swap(loop_, other.loop_);
  std::swap(fd_, other.fd_);
  std::swap(token_, other.token_);
  return *this;
}

Watch::~Watch() {
  if (loop_ == nullptr) return;
  ::epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_DEL, fd_, nullptr);
  loop_->ready_.erase(token_);
}

Result<Loop> Loop::open() {
  Loop loop;
  loop.epoll_ = sys::UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!loop.epoll_.valid()) return errno_error("epoll_create1", "epoll");
  return loop;
}

Result<Watch> Loop::watch(int fd, std::uint32_t events, Ready ready) {
  const std::uint64_t token = ++last_token_;
  epoll_event event = {};
  event.events = events;
  event.data.u64 = token;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return errno_error("epoll_ctl", "wait for a file descriptor");
  }
  ready_.emplace(token, std::make_shared<Ready>(std::move(ready)));
  return Watch(this, fd, token);
}

void Loop::after(std::chrono::milliseconds delay, std::function<void()> action) {
  actions_.emplace(Clock::now() + delay, std::move(action));
}

int Loop::milliseconds_to_wait() const {
  if (actions_.empty()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(actions_.begin()->first - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void Loop::run_due_actions() {
  // Not those that come meanwhile: events have their turn in between.
  const Clock::time_point now = Clock::now();
  while (!actions_.empty() && actions_.begin()->first <= now) {
    const auto action = std::move(actions_.extract(actions_.begin()).mapped());
    action();
  }
}

Result<> Loop::run() {
  constexpr int kBatch = 16;
  std::array<epoll_event, kBatch> events = {};
  while (!stopped_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), kBatch, milliseconds_to_wait());
    if (count < 0 && errno != EINTR) return errno_error("epoll_wait", "wait for events");
    for (int i = 0; i < count && !stopped_; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const std::uint64_t key = event.data.u64;  // a copy: the structure is packed
      const auto found = ready_.find(key);
      if (found == ready_.end()) continue;
      const std::shared_ptr<Ready> ready = found->second;  // it may remove its own watch
      (*ready)(event.events);
    }
    run_due_actions();
  }
  return {};
}

}  // namespace myrt::shim
