#include "runtime/cli/environment.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <cstdlib>

namespace myrt::cli {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

Environment read_environment() {
  return {
      .xdg_runtime_dir = variable("XDG_RUNTIME_DIR"),
      .user = variable("USER"),
      .system_bus = variable("DBUS_SYSTEM_BUS_ADDRESS"),
      .session_bus = variable("DBUS_SESSION_BUS_ADDRESS"),
      .notify_socket = variable("NOTIFY_SOCKET"),
      .listen_fds = variable("LISTEN_FDS"),
      .listen_pid = variable("LISTEN_PID"),
      .path = variable("PATH"),
      .pid = variable("LISTEN_PID").empty() ? 0 : ::getpid(),
      // The kernel has put them on the stack: no system call.
      .euid = static_cast<uid_t>(::getauxval(AT_EUID)),
      .egid = static_cast<gid_t>(::getauxval(AT_EGID)),
  };
}

std::string_view search_path() { return variable("PATH"); }

bool wants_colour() { return variable("NO_COLOR").empty() && variable("TERM") != "dumb"; }

}  // namespace myrt::cli
