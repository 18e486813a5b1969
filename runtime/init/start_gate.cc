#include "runtime/init/start_gate.h"

#include "sys/files.h"
#include "sys/lean_wait.h"
#include "sys/seqpacket.h"

namespace myrt::init {

Result<StartGate> StartGate::open(int state_directory_fd) {
  return StartGate(TRY(sys::listen_seqpacket_at(state_directory_fd, kStartGateName)));
}

Result<Channel> StartGate::wait() const {
  while (true) {
    sys::lean_wait(listener_.get());
    Channel channel(TRY(sys::accept(listener_.get())));
    if (TRY(channel.wait_for_start())) return channel;
  }
}

Result<std::optional<Channel>> knock(int state_directory_fd) {
  auto socket = TRY(sys::connect_seqpacket_at(state_directory_fd, kStartGateName));
  if (!socket) return std::optional<Channel>();
  return std::optional<Channel>(Channel(std::move(*socket)));
}

Result<bool> is_waiting(int state_directory_fd) {
  // Most containers run: their gate is removed at start, and looking for the name is cheaper than a
  // socket.
  if (!sys::exists_at(state_directory_fd, kStartGateName)) return false;
  return sys::is_seqpacket_open_at(state_directory_fd, kStartGateName);
}

}  // namespace myrt::init
