// The unix socket over which a container's terminal comes to the shim (runc's --console-socket).
#pragma once

#include <string>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::shim {

class ConsoleSocket {
 public:
  // Listens at `name` in `directory`; the name goes with the object. Errors: system.
  static Result<ConsoleSocket> listen(const std::string& directory, const std::string& name);
  ConsoleSocket(ConsoleSocket&&) = default;
  ConsoleSocket& operator=(ConsoleSocket&&) = delete;
  ConsoleSocket(const ConsoleSocket&) = delete;
  ~ConsoleSocket();

  std::string path() const { return directory_ + "/" + name_; }
  // The pty's master, which has been sent by now. Errors: system; protocol.
  Result<sys::UniqueFd> take();

 private:
  ConsoleSocket() = default;
  std::string directory_, name_;
  sys::UniqueFd directory_fd_, listener_;
};

}  // namespace myrt::shim
