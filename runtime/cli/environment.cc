#include "runtime/cli/environment.h"

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
      .notify_socket = variable("NOTIFY_SOCKET"),
      .listen_fds = variable("LISTEN_FDS"),
      .listen_pid = variable("LISTEN_PID"),
      .path = variable("PATH"),
      .pid = ::getpid(),
      .euid = ::geteuid(),
      .egid = ::getegid(),
  };
}

}  // namespace myrt::cli
