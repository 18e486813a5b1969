#include "shim/logger.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>

#include "sys/process.h"

namespace myrt::shim {
namespace {

constexpr std::chrono::milliseconds kPatience(10'000);
constexpr int kOutput = 3, kErrorOutput = 4, kReady = 5;
constexpr int kOutOfTheWay = 10;  // above all of these

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  constexpr int kBase = 16;
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                        hex_digit(text[i + 2]) >= 0;
    if (escape) {
      result.push_back(static_cast<char>(hex_digit(text[i + 1]) * kBase + hex_digit(text[i + 2])));
      i += 2;
    } else {
      result.push_back(text[i]);
    }
  }
  return result;
}

[[noreturn]] void execute(const LoggerCommand& command, const LoggerContext& context) {
  std::vector<char*> argv;
  for (const std::string& argument : command.arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  std::string id = "CONTAINER_ID=" + context.id;
  std::string name_space = "CONTAINER_NAMESPACE=" + context.name_space;
  char* envp[] = {id.data(), name_space.data(), nullptr};
  ::execve(command.path.c_str(), argv.data(), envp);
  ::_exit(127);
}

// fds as the program wants them: copied above them first, so that none is overwritten by another.
void place(int output, int error_output, int ready) {
  const int high[] = {::fcntl(output, F_DUPFD_CLOEXEC, kOutOfTheWay),
                      ::fcntl(error_output, F_DUPFD_CLOEXEC, kOutOfTheWay),
                      ::fcntl(ready, F_DUPFD_CLOEXEC, kOutOfTheWay)};
  ::dup2(high[0], kOutput);
  ::dup2(high[1], kErrorOutput);
  ::dup2(high[2], kReady);
}

}  // namespace

LoggerCommand parse_logger(std::string_view uri) {
  const std::size_t mark = uri.find('?');
  LoggerCommand command;
  command.path = decoded(uri.substr(0, mark));
  command.arguments.push_back(command.path);
  std::string_view query = mark == std::string_view::npos ? "" : uri.substr(mark + 1);
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    command.arguments.push_back(decoded(pair.substr(0, equals)));
    if (equals != std::string_view::npos) {
      command.arguments.push_back(decoded(pair.substr(equals + 1)));
    }
  }
  return command;
}

Result<> start_logger(std::string_view uri, const LoggerContext& context, int output,
                      int error_output) {
  const LoggerCommand command = parse_logger(uri);
  if (::access(command.path.c_str(), X_OK) != 0) {
    return errno_error("access", fmt::format("logger `{}`", command.path));
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe2", "start a logger");
  const sys::UniqueFd ready(ends[0]);
  sys::UniqueFd told(ends[1]);
  auto child = TRY(sys::clone3({}));
  if (!child) {
    if (!sys::reset_signals().ok()) ::_exit(127);
    place(output, error_output, told.get());
    execute(command, context);
  }
  told.reset();
  pollfd poll = {.fd = ready.get(), .events = POLLIN, .revents = 0};
  if (::poll(&poll, 1, static_cast<int>(kPatience.count())) == 0) {
    return make_error(ErrorCode::timeout,
                      fmt::format("logger `{}` is not ready after 10 s", command.path));
  }
  child->release();  // it ends with its input
  return {};
}

}  // namespace myrt::shim
