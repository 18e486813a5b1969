// The half of sys/weakness.h that only the target `attacked` has.
//   MYRT_WEAKEN   names of weaknesses, separated by commas
//   MYRT_STOP_AT  NAME or NAME:OPERAND of a stop point
//   MYRT_STOP_FD  a socket: gets our pid at that point; we go on when the other end answers or is
//   closed
#include "sys/weakness.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace myrt::sys {

bool weakened(std::string_view name) {
  const char* variable = ::getenv("MYRT_WEAKEN");
  if (variable == nullptr) return false;
  const std::string names = "," + std::string(variable) + ",";
  return names.find("," + std::string(name) + ",") != std::string::npos;
}

void stop_point(std::string_view name, std::string_view operand) {
  static bool done = false;
  const char* wanted = ::getenv("MYRT_STOP_AT");
  const char* number = ::getenv("MYRT_STOP_FD");
  if (done || wanted == nullptr || number == nullptr) return;
  if (wanted != name && wanted != std::string(name) + ":" + std::string(operand)) return;
  done = true;
  const int fd = ::atoi(number);
  const std::string message = std::to_string(::getpid());
  char answer = 0;
  if (::send(fd, message.data(), message.size(), MSG_NOSIGNAL) <= 0) return;
  // An answer or the end of file: both mean "go on".
  while (::recv(fd, &answer, 1, 0) < 0 && errno == EINTR) continue;
}

}  // namespace myrt::sys
