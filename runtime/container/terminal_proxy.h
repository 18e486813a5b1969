// Copies bytes between the caller's stdio and a container's pty without ever blocking one direction
// on the other.
#pragma once

#include <poll.h>
#include <termios.h>

#include <optional>
#include <string>

#include "oci-spec/spec.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::container {

// The size of the caller's terminal, for a process that this process will proxy: set before the
// program starts, which else would begin with another one and be told of a change. Nothing when
// standard input is no terminal, or one without a size.
std::optional<oci::ConsoleSize> caller_terminal_size();

class TerminalProxy {
 public:
  // An invalid `master` makes a proxy that does nothing. Puts the caller's terminal in raw mode;
  // the destructor restores it.
  explicit TerminalProxy(sys::UniqueFd master);
  TerminalProxy(const TerminalProxy&) = delete;
  TerminalProxy& operator=(const TerminalProxy&) = delete;
  ~TerminalProxy();

  // What to poll for; negative fds are skipped by poll(2).
  pollfd input() const;   // stdin
  pollfd master() const;  // the pty
  void handle(const pollfd& input, const pollfd& master);
  // Takes over the size of the caller's terminal.
  void resize() const;
  // The process is gone: copies what its terminal still holds.
  void drain();

 private:
  void read_input();
  void write_pending();
  bool copy_output();

  sys::UniqueFd master_;
  std::optional<termios> saved_;
  std::string pending_;  // typed, but not yet taken by the container
  bool input_open_ = true;
};

}  // namespace myrt::container
