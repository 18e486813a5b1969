#include "runtime/container/terminal_proxy.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>

#include "sys/files.h"

namespace myrt::container {
namespace {

constexpr std::size_t kChunkBytes = 8192;

std::optional<termios> make_raw(int terminal) {
  termios settings = {};
  if (::tcgetattr(terminal, &settings) != 0) return std::nullopt;
  const termios saved = settings;
  ::cfmakeraw(&settings);
  settings.c_oflag |= OPOST;
  if (::tcsetattr(terminal, TCSANOW, &settings) != 0) return std::nullopt;
  return saved;
}

}  // namespace

std::optional<oci::ConsoleSize> caller_terminal_size() {
  winsize size = {};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
    return std::nullopt;
  }
  return oci::ConsoleSize{size.ws_row, size.ws_col};
}

TerminalProxy::TerminalProxy(sys::UniqueFd master) : master_(std::move(master)) {
  if (!master_.valid()) return;
  ::fcntl(master_.get(), F_SETFL, O_RDWR | O_NONBLOCK);
  resize();  // it may have changed since the process got it
  saved_ = make_raw(STDIN_FILENO);
}

TerminalProxy::~TerminalProxy() {
  if (saved_) ::tcsetattr(STDIN_FILENO, TCSANOW, &*saved_);
}

pollfd TerminalProxy::input() const {
  const bool wanted = master_.valid() && input_open_ && pending_.size() < kChunkBytes;
  return {wanted ? STDIN_FILENO : -1, POLLIN, 0};
}

pollfd TerminalProxy::master() const {
  const int events = pending_.empty() ? POLLIN : POLLIN | POLLOUT;
  return {master_.get(), static_cast<short>(events), 0};
}

void TerminalProxy::handle(const pollfd& input, const pollfd& master) {
  if (input.fd >= 0 && input.revents != 0) read_input();
  if (master.fd < 0 || master.revents == 0) return;
  if ((master.revents & POLLOUT) != 0) write_pending();
  if ((master.revents & (POLLIN | POLLHUP | POLLERR)) == 0) return;
  // A hung-up pty has no slave open any more. Others may open it again, but polling it would spin:
  // the exit of the process ends the wait.
  if (!copy_output() && (master.revents & POLLHUP) != 0) master_.reset();
}

void TerminalProxy::read_input() {
  std::array<char, kChunkBytes> buffer;
  const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (got > 0) {
    pending_.append(buffer.data(), static_cast<std::size_t>(got));
    write_pending();
  } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
    input_open_ = false;
  }
}

void TerminalProxy::write_pending() {
  if (pending_.empty()) return;
  const ssize_t put = ::write(master_.get(), pending_.data(), pending_.size());
  if (put > 0) pending_.erase(0, static_cast<std::size_t>(put));
  if (put < 0 && errno != EINTR && errno != EAGAIN) pending_.clear();
}

bool TerminalProxy::copy_output() {
  std::array<char, kChunkBytes> buffer;
  const ssize_t got = ::read(master_.get(), buffer.data(), buffer.size());
  if (got <= 0) return got < 0 && errno == EINTR;
  ignore(sys::write_all(STDOUT_FILENO, {buffer.data(), static_cast<std::size_t>(got)}, "stdout"),
         "the reader of our output may be gone; the container goes on");
  return true;
}

void TerminalProxy::resize() const {
  winsize size = {};
  if (!master_.valid() || ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) return;
  ::ioctl(master_.get(), TIOCSWINSZ, &size);
}

void TerminalProxy::drain() {
  while (master_.valid() && copy_output()) {
  }
}

}  // namespace myrt::container
