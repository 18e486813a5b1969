// The three streams of a process, between its container and containerd's fifos, files or loggers.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shim/logger.h"
#include "shim/messages.h"
#include "shim/pump.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::shim {

// Of the pipes that a process gets: IoUid and IoGid of the options.
struct StdioOwner {
  std::uint32_t uid = 0, gid = 0;
};

// Where output is copied to. `reader` keeps a fifo open: see Stdio::open.
struct Sink {
  sys::UniqueFd fd, reader;
};

class Stdio {
 public:
  // Opens what the paths name: a fifo (kept open for reading too, so that a reader may come back),
  // a file:///PATH to append to, a binary:///PATH?ARGUMENT=VALUE to start and feed; an empty one is
  // /dev/null. Errors: system; unsupported for another kind of URI.
  static Result<std::unique_ptr<Stdio>> open(Loop& loop, const StdioPaths& paths,
                                             const LoggerContext& context, const StdioOwner& owner);
  ~Stdio();

  // In a job, whose children end as the shim's: starts the logger, if there is to be one, and waits
  // for it. Errors: those of shim/logger.h.
  Result<> start_logger() const;
  // In a job too: makes what the process gets its fds 0, 1 and 2. Errors: system.
  Result<> place_ends() const;
  // The process has them. `terminal` is its pty's master, when it has one. Errors: system.
  Result<> started(sys::UniqueFd terminal);

  // No more input: once others have closed the fifo too, what is in it is passed on, and then the
  // end of file.
  void close_stdin() { stdin_writer_.reset(); }
  // Errors: system; wrong_status without a terminal.
  Result<> resize(std::uint32_t width, std::uint32_t height) const;

  // Calls `action` once: when all output has been passed on, or at `bound` after this call.
  void when_drained(std::chrono::milliseconds bound, std::function<void()> action);

 private:
  Stdio(Loop& loop, bool terminal) : loop_(loop), terminal_(terminal) {}
  Result<> open_input(const std::string& path);
  Result<> open_output(const std::string& uri, sys::UniqueFd& container_end);
  Result<> open_terminal_output(const std::string& uri);
  Result<> open_logger(std::string_view uri, const LoggerContext& context);
  void add_output(sys::UniqueFd from, Sink sink);
  void output_ended();

  Loop& loop_;
  bool terminal_;
  struct Logger {
    std::string uri;
    LoggerContext context;
    sys::UniqueFd output, error_output;
  };
  std::array<sys::UniqueFd, 3> container_ends_;  // none with a terminal
  std::optional<Logger> logger_;                 // until started()
  sys::UniqueFd stdin_writer_;                   // a client that goes away is no end of file
  sys::UniqueFd master_;
  sys::UniqueFd terminal_input_;  // until the terminal comes
  Sink terminal_output_;          // the same
  std::unique_ptr<Pump> input_;
  std::vector<std::unique_ptr<Pump>> outputs_;
  std::function<void()> drained_;
  std::shared_ptr<Stdio*> self_;  // for what the loop calls later
};

}  // namespace myrt::shim
