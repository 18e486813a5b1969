#include "shim/ttrpc/stream.h"

#include <sys/socket.h>

#include <array>

namespace myrt::shim::ttrpc {

Result<> Stream::start(std::function<void(const Frame&)> frame, std::function<void()> closed) {
  frame_ = std::move(frame);
  closed_ = std::move(closed);
  return wait_for(EPOLLIN);
}

Result<> Stream::wait_for(std::uint32_t events) {
  if (watch_.active() && watched_ == events) return {};
  watch_.reset();  // one watch per fd
  watched_ = events;
  watch_ = TRY(loop_.watch(socket_.get(), events, [this](std::uint32_t now) { take(now); }));
  return {};
}

void Stream::take(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) flush();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && watch_.active()) receive();
}

void Stream::receive() {
  constexpr std::size_t kChunk = 16U << 10U;
  std::array<char, kChunk> chunk;
  while (watch_.active()) {
    const ssize_t size = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return close();
    reader_.append({chunk.data(), static_cast<std::size_t>(size)});
    while (watch_.active()) {
      auto next = reader_.next();
      if (!next.ok()) return close();
      if (!next.value()) break;
      frame_(**next);
    }
  }
}

void Stream::send(std::uint32_t stream, FrameType type, std::string_view payload) {
  if (!watch_.active()) return;
  const bool waiting = !unsent_.empty();
  unsent_ += encode_frame(stream, type, payload);
  if (!waiting) flush();
}

void Stream::flush() {
  while (!unsent_.empty()) {
    const ssize_t size = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) break;
    if (size < 0) return close();
    unsent_.erase(0, static_cast<std::size_t>(size));
  }
  if (!wait_for(unsent_.empty() ? std::uint32_t{EPOLLIN} : EPOLLIN | EPOLLOUT).ok()) close();
}

void Stream::close() {
  if (!watch_.active()) return;
  watch_.reset();
  unsent_.clear();
  closed_();
}

}  // namespace myrt::shim::ttrpc
