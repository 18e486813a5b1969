// The shim's server process.
#pragma once

#include <string>

#include "sys/late_close.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::shim {

struct ServerContext {
  sys::UniqueFd listener;
  std::string path;  // its name
  std::string name_space;
  std::string ttrpc_address;  // where events go
  sys::LateClose seal;
  bool is_of_containerd_1_6 = false;
};

// Serves the task service until Shutdown, SIGTERM or SIGINT, and removes the socket's name. fd 2 is
// containerd's log. Single-threaded.
Result<> serve(ServerContext context);

}  // namespace myrt::shim
