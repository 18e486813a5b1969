// A ttrpc server on a unix socket: many connections, many requests at once on each, answers in any
// order.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "shim/loop.h"
#include "shim/ttrpc/frame.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::shim::ttrpc {

// Answers one request, now or later, once. What comes after the connection's end is dropped.
using Respond = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Respond)>;

class Connection;

class Server {
 public:
  // `listener` is a listening, non-blocking unix STREAM socket. Only processes of our own user are
  // served (SO_PEERCRED).
  static Result<std::unique_ptr<Server>> start(Loop& loop, sys::UniqueFd listener, Handler handler);
  ~Server();

  // Calls `action` whenever there has been no connection for `delay`, from now on.
  void when_unused(std::chrono::milliseconds delay, std::function<void()> action);

 private:
  Server(Loop& loop, sys::UniqueFd listener, Handler handler);
  void accept_all();
  void expect_use();

  Loop& loop_;
  sys::UniqueFd listener_;
  Handler handler_;
  Watch watch_;
  std::map<int, std::shared_ptr<Connection>> connections_;  // by fd
  std::chrono::milliseconds patience_{0};
  std::function<void()> unused_;
  std::uint64_t uses_ = 0;  // and waits for one
};

}  // namespace myrt::shim::ttrpc
