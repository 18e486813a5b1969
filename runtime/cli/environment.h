// What the command line takes from its surroundings. The one place of the tree that reads
// environment variables.
#pragma once

#include <sys/types.h>

#include <string_view>

namespace myrt::cli {

// Values point into the environment block. Empty when unset.
struct Environment {
  std::string_view xdg_runtime_dir = {};
  std::string_view user = {};
  std::string_view system_bus = {}, session_bus = {};  // DBUS_SYSTEM_BUS_ADDRESS and so on
  std::string_view notify_socket = {};
  std::string_view listen_fds = {};
  std::string_view listen_pid = {};
  std::string_view path = {};
  pid_t pid = 0;
  uid_t euid = 0;
  gid_t egid = 0;
};

Environment read_environment();

// Read only by the commands that want them. PATH, or empty.
std::string_view search_path();
// Whether text for a terminal may have colours: NO_COLOR is not set, and TERM is no `dumb`.
bool wants_colour();

}  // namespace myrt::cli
