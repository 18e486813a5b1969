#include "shim/pump.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>

namespace myrt::shim {
namespace {

constexpr std::size_t kChunk = 64U << 10U;
constexpr std::size_t kCopied = 8U << 10U;
constexpr int kRounds = 16;  // then the others have their turn

bool is_writable(int fd) {
  pollfd poll = {.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&poll, 1, 0) > 0;
}

}  // namespace

Pump::Pump(Loop& loop, sys::UniqueFd from, sys::UniqueFd to, Ended ended)
    : loop_(loop), from_(std::move(from)), to_(std::move(to)), ended_(std::move(ended)) {}

Pump::Outcome Pump::splice_once() {
  const ssize_t size =
      ::splice(from_.get(), nullptr, to_.get(), nullptr, kChunk, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (size > 0) return Outcome::moved;
  if (size == 0) return Outcome::end;
  if (errno == EAGAIN || errno == EINTR) return Outcome::would_block;
  if (errno != EINVAL) return Outcome::end;
  can_splice_ = false;  // neither is a pipe, or the file is open for appending
  return copy_once();
}

Pump::Outcome Pump::copy_once() {
  if (pending_.empty()) {
    std::array<char, kCopied> bytes;
    const ssize_t size = ::read(from_.get(), bytes.data(), bytes.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return Outcome::would_block;
    if (size <= 0) return Outcome::end;  // EIO: the last one has closed the terminal
    pending_.assign(bytes.data(), static_cast<std::size_t>(size));
  }
  const ssize_t size = ::write(to_.get(), pending_.data(), pending_.size());
  if (size < 0) return errno == EAGAIN || errno == EINTR ? Outcome::would_block : Outcome::end;
  pending_.erase(0, static_cast<std::size_t>(size));
  return Outcome::moved;
}

Pump::Outcome Pump::move_once() { return can_splice_ ? splice_once() : copy_once(); }

void Pump::move() {
  for (int round = 0; round < kRounds; ++round) {
    const Outcome outcome = move_once();
    if (outcome == Outcome::end) return end();
    if (outcome == Outcome::would_block) break;
  }
  wait();
}

void Pump::wait() {
  watch_.reset();
  // Never both: a side that has hung up would wake us for ever while the other is full.
  const bool for_sink = !pending_.empty() || !is_writable(to_.get());
  auto watch = for_sink ? loop_.watch(to_.get(), EPOLLOUT, [this](std::uint32_t) { move(); })
                        : loop_.watch(from_.get(), EPOLLIN, [this](std::uint32_t) { move(); });
  if (!watch.ok()) return end();
  watch_ = std::move(watch).value();
}

void Pump::end() {
  if (ended()) return;
  watch_.reset();
  from_.reset();
  const auto call = [ended = ended_, to = std::make_shared<sys::UniqueFd>(std::move(to_))] {
    ended(std::move(*to));
  };
  loop_.after(std::chrono::milliseconds(0), call);
}

}  // namespace myrt::shim
