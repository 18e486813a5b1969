// Connection: a client of a D-Bus daemon, with a bound on all its waits.
//
// Everything that is queued before the first receive leaves in one write, the authentication
// included (as sd-bus does): a client that knows what it wants costs the daemon no waiting.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "cgroups/systemd/message.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::cgroups::systemd {

// How long systemd may take for one operation. It answers in milliseconds, unless the machine is
// in trouble; runc went from 1 s to 30 s.
constexpr std::chrono::milliseconds kBound = std::chrono::seconds(30);

// The path of the first `unix:path=` of an address as DBUS_SESSION_BUS_ADDRESS has it. Pure.
// Errors: unsupported, for other transports.
Result<std::string> socket_path(std::string_view address);

class Connection {
 public:
  // Errors: system; unsupported when there is no socket, that is, no bus.
  static Result<Connection> open(const std::string& address, std::chrono::milliseconds bound);
  // A stream socket whose other end is a bus daemon.
  Connection(sys::UniqueFd socket, std::chrono::milliseconds bound);

  // Returns the call's serial.
  std::uint32_t queue(const Call& call);
  // The next message for us. Errors: timeout; protocol; what the daemon says to a refused client.
  Result<Message> receive();

 private:
  using Clock = std::chrono::steady_clock;

  Result<> flush();
  Result<> read_more();
  Result<> finish_authentication();
  Result<std::string> take_line();

  sys::UniqueFd socket_;
  Clock::time_point deadline_;
  std::chrono::milliseconds bound_;
  std::string outgoing_, incoming_;
  std::uint32_t last_serial_ = 0;
  bool authenticated_ = false;
};

}  // namespace myrt::cgroups::systemd
