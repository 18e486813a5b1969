#include "runtime/inspection/checkup.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/files.h"
#include "sys/process.h"

namespace myrt::inspection {
namespace {

// In the child: its user becomes root of the new namespace.
Result<> map_root(uid_t outer_uid) {
  return sys::write_kernel_file_at(AT_FDCWD, "/proc/self/uid_map",
                                   fmt::format("0 {} 1", outer_uid));
}

// A failure as text: the errno's number, a blank, the message.
std::string to_text(const Error& error) {
  return fmt::format("{} {}", error.errno_value, error.message);
}

Error from_text(std::string_view text) {
  const std::size_t blank = std::min(text.find(' '), text.size());
  Error error =
      make_error(ErrorCode::system, std::string(text.substr(std::min(blank + 1, text.size()))));
  for (const char digit : text.substr(0, blank)) {
    if (digit >= '0' && digit <= '9') error.errno_value = error.errno_value * 10 + (digit - '0');
  }
  return error;
}

}  // namespace

Result<> try_in_child(std::uint64_t clone_flags, const std::function<Result<>()>& attempt) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe2", "make a pipe");
  const sys::UniqueFd reader(ends[0]);
  sys::UniqueFd writer(ends[1]);
  const uid_t uid = ::geteuid();
  auto child = TRY(sys::clone3({.flags = clone_flags}));
  if (!child) {
    Result<> result;
    if ((clone_flags & CLONE_NEWUSER) != 0) result = map_root(uid);
    if (result.ok()) result = attempt();
    if (!result.ok()) {
      ignore(sys::write_all(writer.get(), to_text(result.error()), "pipe"),
             "the exit status says that something failed");
    }
    ::_exit(result.ok() ? 0 : 1);
  }
  writer.reset();
  const std::string text = TRY(sys::read_all(reader.get(), "pipe"));
  const auto status = TRY(child->wait());
  if (status.shell_code() == 0) return {};
  if (status.signaled) {
    return make_error(ErrorCode::system,
                      fmt::format("killed by {}", sys::signal_name(status.code)));
  }
  return from_text(text);
}

std::string find_program(std::string_view search_path, std::string_view name) {
  while (!search_path.empty()) {
    const std::string_view directory = search_path.substr(0, search_path.find(':'));
    search_path.remove_prefix(std::min(directory.size() + 1, search_path.size()));
    if (!directory.starts_with('/')) continue;
    std::string path = fmt::format("{}/{}", directory, name);
    struct stat status = {};
    if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0) {
      return path;
    }
  }
  return {};
}

Result<int> exit_status_of(const std::string& program, const std::string& argument) {
  auto child = TRY(sys::clone3({}));
  if (!child) {
    const auto null_device = sys::open("/dev/null", O_RDWR);
    if (!null_device.ok()) ::_exit(127);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      ::dup2(null_device->get(), fd);
    }
    const char* const argv[] = {program.c_str(), argument.c_str(), nullptr};
    ::execv(program.c_str(), const_cast<char**>(argv));
    ::_exit(127);
  }
  constexpr std::chrono::seconds kPatience(10);
  if (!TRY(sys::wait_for_exit(child->pidfd(), kPatience))) {
    return make_error(ErrorCode::timeout, fmt::format("`{} {}` does not end", program, argument));
  }
  return TRY(child->wait()).shell_code();
}

}  // namespace myrt::inspection
