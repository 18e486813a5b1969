#include "runtime/cli/ps_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "sys/files.h"
#include "sys/process.h"
#include "sys/unique_fd.h"

namespace myrt::cli {
namespace {

constexpr auto kCandidates = std::to_array<const char*>({"/bin/ps", "/usr/bin/ps"});
constexpr int kNotFound = 127;  // as a shell says it

// In the child: never returns.
[[noreturn]] void execute_ps(int output_fd, char* const* argv) {
  if (::dup2(output_fd, STDOUT_FILENO) == STDOUT_FILENO) {
    for (const char* path : kCandidates) ::execve(path, argv, ::environ);
  }
  ::_exit(kNotFound);
}

}  // namespace

Result<std::string> run_ps(std::span<const std::string_view> arguments) {
  std::vector<std::string> words = {"ps"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  if (arguments.empty()) words.emplace_back("-ef");
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("pipe2", "make a pipe");
  const sys::UniqueFd read_end(ends[0]);
  sys::UniqueFd write_end(ends[1]);

  auto child = TRY(sys::clone3({}));
  if (!child) execute_ps(write_end.get(), argv.data());
  write_end.reset();
  std::string output = TRY(sys::read_all(read_end.get(), "the output of ps"));
  const sys::ExitStatus status = TRY(child->wait());
  if (!status.signaled && status.code == 0) return output;
  if (!status.signaled && status.code == kNotFound && output.empty()) {
    return make_error(
        ErrorCode::not_found,
        fmt::format("execute `{}` or `{}`: neither could be run", kCandidates[0], kCandidates[1]));
  }
  return make_error(ErrorCode::invalid_argument,
                    fmt::format("ps: exit status {}", status.shell_code()));
}

}  // namespace myrt::cli
