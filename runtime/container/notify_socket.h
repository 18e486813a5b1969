// sd_notify through the runtime: a socket that the container's program sees, forwarded to the
// caller's NOTIFY_SOCKET.
//
// As runc does it (contract §1.4): ROOT/ID/notify is bound to /run/notify in the container,
// NOTIFY_SOCKET points there, and READY=1 is passed on together with MAINPID of init.
#pragma once

#include <sys/types.h>

#include <string>

#include "oci-spec/spec.h"
#include "runtime/container/state_store.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::container {

inline constexpr const char* kNotifyDirectory = "notify";
inline constexpr const char* kNotifySocketInContainer = "/run/notify/notify.sock";

// Adds the mount of `source` (ROOT/ID/notify) and the variable to the config, before it is planned.
void add_notify_socket(oci::Spec& spec, const std::string& source);
// Makes the directory that the mount shows. Before the mount sources are opened.
Result<> make_notify_directory(const StateDirectory& directory);

class NotifySocket {
 public:
  static NotifySocket none() { return {{}, {}}; }
  // Listens in the container's notify directory for messages to `host_address`. Before the program
  // is started. An empty address, or a container that was created without one, makes a socket that
  // never forwards.
  static Result<NotifySocket> listen(const StateDirectory& directory, std::string host_address);

  int fd() const { return socket_.get(); }  // to poll; -1 when there is nothing to forward
  // Takes one message; true when it was READY=1, which is passed on. `main_pid` 0: without MAINPID.
  Result<bool> forward(pid_t main_pid) const;
  // Blocks until the container says READY=1 or its init exits.
  Result<> wait(int init_pidfd, pid_t main_pid) const;

 private:
  NotifySocket(sys::UniqueFd socket, std::string host_address)
      : socket_(std::move(socket)), host_address_(std::move(host_address)) {}
  sys::UniqueFd socket_;
  std::string host_address_;
};

}  // namespace myrt::container
