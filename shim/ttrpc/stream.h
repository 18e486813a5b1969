// One connected socket with ttrpc frames in both directions, for server and client.
#pragma once

#include <functional>
#include <string>

#include "shim/loop.h"
#include "shim/ttrpc/frame.h"
#include "sys/unique_fd.h"

namespace myrt::shim::ttrpc {

class Stream {
 public:
  // `socket` is connected (or connecting) and non-blocking.
  Stream(Loop& loop, sys::UniqueFd socket) : loop_(loop), socket_(std::move(socket)) {}
  Stream(const Stream&) = delete;

  // `frame` gets what comes; `closed` is called once, at the end of file, on an error, or when the
  // peer breaks the protocol. Neither may destroy the stream.
  Result<> start(std::function<void(const Frame&)> frame, std::function<void()> closed);
  // Goes out now, or when the peer has read what is before it.
  void send(std::uint32_t stream, FrameType type, std::string_view payload);

 private:
  void take(std::uint32_t events);
  void receive();
  void flush();
  void close();
  Result<> wait_for(std::uint32_t events);

  Loop& loop_;
  sys::UniqueFd socket_;
  Watch watch_;
  std::uint32_t watched_ = 0;
  FrameReader reader_;
  std::string unsent_;
  std::function<void(const Frame&)> frame_;
  std::function<void()> closed_;
};

}  // namespace myrt::shim::ttrpc
