#include "runtime/init/executable.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "runtime/init/executable_file.h"

namespace myrt::init {
namespace {

constexpr std::string_view kPrefix = "unable to start container process: exec: ";
constexpr const char* kPointer = "/process/args/0";
constexpr std::string_view kDefaultPath = "/bin:/usr/bin";  // execvp(3)

Error exec_error(ErrorCode code, std::string_view command, std::string_view what, int errno_value,
                 std::string_view syscall) {
  Error error = make_error(code, fmt::format("{}{}: {}", kPrefix, quoted(command), what));
  error.errno_value = errno_value;
  error.syscall = syscall;
  error.pointer = kPointer;
  return error;
}

Error not_permitted(std::string_view command) {
  return exec_error(ErrorCode::executable_not_permitted, command, errno_text(EACCES), EACCES,
                    "execve");
}

// 0 when `path` is a file that this user may execute, else why not.
int execute_permission(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno;
  // The kernel says EACCES for a directory, too; podman knows only that text, not EISDIR's.
  if (!S_ISREG(status.st_mode)) return EACCES;
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

std::string_view search_path(const std::vector<std::string>& env) {
  constexpr std::string_view kName = "PATH=";
  const auto last = std::find_if(env.rbegin(), env.rend(), [&](const std::string& variable) {
    return variable.starts_with(kName);
  });
  return last == env.rend() ? kDefaultPath : std::string_view(*last).substr(kName.size());
}

Result<std::string> find_by_path(const std::string& command) {
  const int error = execute_permission(command);
  if (error == 0) return command;
  if (error == EACCES || error == EPERM) return not_permitted(command);
  return exec_error(ErrorCode::executable_not_found, command,
                    fmt::format("stat {}: {}", command, errno_text(error)), error, "stat");
}

Result<std::string> search(const std::string& command, std::string_view path) {
  bool was_forbidden = false;
  for (bool more = true; more;) {
    const std::size_t colon = path.find(':');
    more = colon != std::string_view::npos;
    const std::string_view directory = path.substr(0, colon);
    if (more) path.remove_prefix(colon + 1);
    // An empty element is the working directory.
    const std::string candidate =
        fmt::format("{}/{}", directory.empty() ? "." : directory, command);
    const int error = execute_permission(candidate);
    if (error == 0) return candidate;
    was_forbidden |= error == EACCES;
  }
  if (was_forbidden) return not_permitted(command);
  return exec_error(ErrorCode::executable_not_found, command, "executable file not found in $PATH",
                    ENOENT, "execve");
}

}  // namespace

Result<std::string> find_executable(const std::string& command,
                                    const std::vector<std::string>& env) {
  if (command.find('/') != std::string::npos) return find_by_path(command);
  // "" and "." would name a directory of PATH itself.
  if (command.empty()) {
    return exec_error(ErrorCode::executable_not_found, command,
                      "executable file not found in $PATH", ENOENT, "execve");
  }
  return search(command, search_path(env));
}

Error diagnose_exec_failure(const std::string& path, int errno_value) {
  const bool is_missing = errno_value == ENOENT || errno_value == ENOTDIR;
  const ErrorCode code =
      is_missing ? ErrorCode::executable_not_found : ErrorCode::executable_not_permitted;
  const std::string words = errno_text(errno_value);
  const ExecutableFile file = read_executable_file(path);
  std::string cause;
  if (is_missing && !file.interpreter.empty()) {
    cause = fmt::format("interpreter {} is missing", quoted(file.interpreter));
  } else if (errno_value == ENOEXEC) {
    cause = file.format;
  } else if (errno_value == EACCES && !file.interpreter.empty() &&
             execute_permission(file.interpreter) != 0) {
    cause = fmt::format("interpreter {}", quoted(file.interpreter));
  }
  if (cause.empty()) return exec_error(code, path, words, errno_value, "execve");
  // It ends in what runc's init says, so that whoever looks for that finds it.
  return exec_error(code, path, fmt::format("{}: exec {}: {}", cause, path, words), errno_value,
                    "execve");
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (c == '\r') {
      result += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace myrt::init
