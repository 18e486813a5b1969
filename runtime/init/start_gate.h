// The gate at which a created container's init waits for `start`: a listening socket in the
// container's state directory.
//
// A socket instead of runc's fifo, because `start` must hear what went wrong: init answers with its
// whole Error, and the connection ends without a word exactly when execve closed it. It also cannot
// lie about the status: nobody listens there any more once the user program runs, whoever died in
// between.
#pragma once

#include <optional>

#include "runtime/init/handshake.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::init {

inline constexpr const char* kStartGateName = "start.sock";

class StartGate {
 public:
  // Runtime process, before clone3: binds kStartGateName in the state directory. Init inherits it.
  static Result<StartGate> open(int state_directory_fd);

  int fd() const { return listener_.get(); }
  void close() { listener_.reset(); }

  // Init: blocks until a peer says `start`, and returns the channel on which it waits for execve.
  // Peers that die are let go.
  Result<Channel> wait() const;

 private:
  explicit StartGate(sys::UniqueFd listener) : listener_(std::move(listener)) {}
  sys::UniqueFd listener_;
};

// Whether an init waits at the gate of this state directory. Any process; init does not notice.
Result<bool> is_waiting(int state_directory_fd);
// `start`: a channel to the init that waits there; nullopt when none does.
Result<std::optional<Channel>> knock(int state_directory_fd);

}  // namespace myrt::init
