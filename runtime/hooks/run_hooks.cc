#include "runtime/hooks/run_hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <limits>
#include <optional>
#include <string>

#include "sys/files.h"
#include "sys/process.h"
#include "sys/unique_fd.h"

namespace myrt::hooks {
namespace {

using Clock = std::chrono::steady_clock;

// How much of a hook's output is kept for the error text.
constexpr std::size_t kKeptOutputBytes = 4096;
constexpr std::size_t kReadBytes = 4096;
// Read after the hook's end: what a pipe holds by default (pipe(7)), and no more, since a daemon
// that the hook left behind may go on writing.
constexpr std::size_t kReadsAfterExit = 65536 / kReadBytes;

struct Pipe {
  sys::UniqueFd read_end, write_end;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return errno_error("pipe2", "make a pipe");
  return Pipe{sys::UniqueFd(fds[0]), sys::UniqueFd(fds[1])};
}

// The state as a file: a hook that never reads it cannot make us block or die of SIGPIPE, as it
// could with a pipe (HOK-07).
Result<sys::UniqueFd> make_stdin(std::string_view state_json) {
  sys::UniqueFd file(::memfd_create("state", MFD_CLOEXEC));
  if (!file.valid()) return errno_error("memfd_create", "make the hook's stdin");
  TRY(sys::write_all(file.get(), state_json, "the hook's stdin"));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return errno_error("lseek", "rewind the hook's stdin");
  return file;
}

std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

struct Surroundings {
  const Output& output;
  const std::vector<std::string>& default_env;
  const std::function<Result<>()>& confine;
};

[[noreturn]] void give_up(const Error& error, int status) {
  ignore(sys::write_all(STDERR_FILENO, error.message, "stderr"), "nobody else could be told");
  ::_exit(status);
}

// Runs in the hook's process. What it says goes to the hook's own stderr, which is part of the
// error.
[[noreturn]] void execute(const oci::Hook& hook, const Surroundings& around, int stdin_fd,
                          const Output& output, pid_t parent) noexcept {
  // A hook whose caller was killed would go on alone, with nobody to bound its time.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) ::_exit(126);
  ignore(sys::reset_signals(), "a hook with odd signal dispositions still runs");
  // A dup2 onto itself would keep close-on-exec; our own fds are never below 3 unless the caller
  // closed its stdio.
  if (::dup2(stdin_fd, STDIN_FILENO) < 0 || ::dup2(output.stdout_fd, STDOUT_FILENO) < 0 ||
      ::dup2(output.stderr_fd, STDERR_FILENO) < 0) {
    ::_exit(126);
  }
  // Also what the caller leaked into the runtime: a hook without it is better than one with it.
  if (::close_range(3, ~0U, 0) != 0) ::_exit(126);
  const std::vector<std::string> only_path = {hook.path};
  const std::vector<char*> argv = c_strings(hook.args.empty() ? only_path : hook.args);
  const std::vector<std::string>& environment = hook.env ? *hook.env : around.default_env;
  const std::vector<char*> envp = c_strings(environment);
  if (around.confine) {
    const Result<> confined = around.confine();
    if (!confined.ok()) give_up(confined.error(), 126);
  }
  ::execve(hook.path.c_str(), argv.data(), envp.data());
  give_up(errno_error("execve", fmt::format("execute `{}`", hook.path)), 127);
}

struct Outcome {
  std::optional<sys::ExitStatus> status;  // nullopt: timed out
  std::string output;
};

void keep_end(std::string& output, std::string_view more) {
  output.append(more);
  if (output.size() > kKeptOutputBytes) output.erase(0, output.size() - kKeptOutputBytes);
}

// Reads what is there; false when the pipe has no more.
bool drain(int fd, std::string& output) {
  char buffer[kReadBytes];
  const ssize_t got = ::read(fd, buffer, sizeof buffer);
  if (got > 0) keep_end(output, {buffer, static_cast<std::size_t>(got)});
  return got > 0 || (got < 0 && errno == EINTR);
}

bool is_over(std::optional<Clock::time_point> deadline) {
  return deadline && Clock::now() >= *deadline;
}

int poll_timeout_ms(std::optional<Clock::time_point> deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
  return static_cast<int>(
      std::clamp<std::chrono::milliseconds::rep>(left, 0, std::numeric_limits<int>::max()));
}

// Waits for the process, not for the end of its output: a hook may leave a daemon behind that keeps
// the pipe open.
Result<Outcome> wait_for_hook(sys::ChildProcess& child, int output_fd,
                              std::optional<Clock::time_point> deadline) {
  Outcome outcome;
  bool open = true;
  while (true) {
    pollfd fds[2] = {{child.pidfd(), POLLIN, 0}, {open ? output_fd : -1, POLLIN, 0}};
    const int ready = ::poll(fds, 2, poll_timeout_ms(deadline));
    if (ready < 0 && errno != EINTR) return errno_error("poll", "wait for the hook");
    if (ready > 0 && fds[0].revents != 0) break;
    // Also when there is output: a hook that never stops talking has a deadline all the same.
    if (is_over(deadline)) return outcome;
    if (ready > 0 && fds[1].revents != 0) open = drain(output_fd, outcome.output);
  }
  pollfd rest = {output_fd, POLLIN, 0};
  for (std::size_t reads = 0; open && reads < kReadsAfterExit; ++reads) {
    if (::poll(&rest, 1, 0) <= 0) break;
    open = drain(output_fd, outcome.output);
  }
  outcome.status = TRY(child.wait());
  return outcome;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

Result<> judge(const oci::Hook& hook, const Outcome& outcome) {
  std::string what;
  if (!outcome.status) {
    what = fmt::format("timed out after {} s", hook.timeout.value_or(0));
  } else if (outcome.status->signaled) {
    what = fmt::format("killed by {}", sys::signal_name(outcome.status->code));
    // What a seccomp filter does, and the words that callers know.
    if (outcome.status->code == SIGSYS) what += " (bad system call)";
  } else if (outcome.status->code != 0) {
    what = fmt::format("exit status {}", outcome.status->code);
  } else {
    return {};
  }
  const std::string_view output = trimmed(outcome.output);
  if (!output.empty()) what += fmt::format(": {}", output);
  return make_error(ErrorCode::hook_failed, fmt::format("`{}`: {}", hook.path, what));
}

Result<> run_one(const oci::Hook& hook, std::string_view state_json, const Surroundings& around) {
  std::optional<Clock::time_point> deadline;
  if (hook.timeout) deadline = Clock::now() + std::chrono::seconds(*hook.timeout);
  const sys::UniqueFd input = TRY(make_stdin(state_json));
  Pipe output = TRY(make_pipe());
  const pid_t parent = ::getpid();
  auto child = TRY(sys::clone3({}));
  const int kept = output.write_end.get();
  if (!child) {
    const Output& wanted = around.output;
    execute(hook, around, input.get(),
            {.stdout_fd = wanted.stdout_fd < 0 ? kept : wanted.stdout_fd,
             .stderr_fd = wanted.stderr_fd < 0 ? kept : wanted.stderr_fd},
            parent);
  }
  output.write_end.reset();
  // On a time-out the owner kills and reaps the hook when this scope ends.
  const Outcome outcome = TRY(wait_for_hook(*child, output.read_end.get(), deadline));
  return judge(hook, outcome);
}

}  // namespace

Result<> run(std::string_view kind, const std::vector<oci::Hook>& hooks,
             std::string_view state_json, const Output& output,
             const std::vector<std::string>& default_env,
             const std::function<Result<>()>& confine) {
  for (std::size_t index = 0; index < hooks.size(); ++index) {
    auto result = run_one(hooks[index], state_json, {output, default_env, confine});
    if (result.ok()) continue;
    return std::move(result)
        .context(fmt::format("error running {} hook #{}", kind, index))
        .in_phase(Phase::hooks)
        .at(fmt::format("/hooks/{}/{}", kind, index));
  }
  return {};
}

}  // namespace myrt::hooks
