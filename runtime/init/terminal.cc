#include "runtime/init/terminal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "sys/files.h"
#include "sys/paths.h"
#include "sys/seqpacket.h"
#include "sys/weakness.h"

namespace myrt::init {
namespace {

constexpr std::string_view kPtmx = "/dev/pts/ptmx";
const dev_t kPtmxDevice = makedev(5, 2);

// The image controls what lies at the path: it is opened so that nothing can block or follow, and
// used only when it is a real ptmx of a real devpts. Not by /proc/self/fd: in an exec that /proc is
// the container's.
Result<sys::UniqueFd> open_master(int root_fd) {
  if (sys::weakened("without-devpts-check")) {
    return sys::open_in_root(root_fd, kPtmx, O_RDWR | O_NOCTTY);
  }
  sys::UniqueFd master =
      TRY(sys::open_in_root(root_fd, kPtmx, O_RDWR | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK));
  struct statfs filesystem = {};
  if (::fstatfs(master.get(), &filesystem) != 0) return errno_error("fstatfs", "statfs `/dev/pts`");
  const auto status = TRY(sys::stat_fd(master.get()));
  if (filesystem.f_type != DEVPTS_SUPER_MAGIC || status.st_rdev != kPtmxDevice) {
    return config_error("/process/terminal", "no devpts is mounted at `/dev/pts`");
  }
  if (::fcntl(master.get(), F_SETFL, O_RDWR) != 0)
    return errno_error("fcntl", "set up `/dev/ptmx`");
  return master;
}

// By the master, since a name below /dev/pts is whatever the container has put there
// (CVE-2025-52565).
Result<sys::UniqueFd> open_slave(int master, int root_fd) {
  int unlocked = 0;
  if (::ioctl(master, TIOCSPTLCK, &unlocked) != 0) {
    return errno_error("ioctl", "unlock the terminal");
  }
  if (sys::weakened("without-terminal-peer")) {
    unsigned number = 0;
    if (::ioctl(master, TIOCGPTN, &number) != 0) return errno_error("ioctl", "TIOCGPTN");
    return sys::open_in_root(root_fd, fmt::format("/dev/pts/{}", number), O_RDWR | O_NOCTTY);
  }
  sys::UniqueFd slave(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave.valid()) return errno_error("ioctl", "open the terminal's slave");
  return slave;
}

Result<> set_size(int terminal_fd, const oci::ConsoleSize& size) {
  struct winsize window = {};
  window.ws_row = static_cast<unsigned short>(size.height);
  window.ws_col = static_cast<unsigned short>(size.width);
  if (::ioctl(terminal_fd, TIOCSWINSZ, &window) != 0) {
    return errno_error("ioctl", "set the terminal's size");
  }
  return {};
}

}  // namespace

Result<Terminal> open_terminal(int root_fd, const std::optional<oci::ConsoleSize>& size) {
  Terminal terminal;
  terminal.master = TRY(open_master(root_fd));
  terminal.slave = TRY(open_slave(terminal.master.get(), root_fd));
  if (size) TRY(set_size(terminal.slave.get(), *size));
  return terminal;
}

Result<> keep_newlines(const Terminal& terminal) {
  termios settings = {};
  if (::tcgetattr(terminal.slave.get(), &settings) != 0) {
    return errno_error("tcgetattr", "read the terminal's settings");
  }
  settings.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  if (::tcsetattr(terminal.slave.get(), TCSANOW, &settings) != 0) {
    return errno_error("tcsetattr", "change the terminal's settings");
  }
  return {};
}

Result<> send_terminal(int console_socket, const Terminal& terminal) {
  unsigned number = 0;
  if (::ioctl(terminal.master.get(), TIOCGPTN, &number) != 0) {
    return errno_error("ioctl", "read the terminal's number");
  }
  return sys::send_packet(console_socket, fmt::format("/dev/pts/{}", number),
                          {terminal.master.get()})
      .context("console socket");
}

Result<> attach_terminal(const Terminal& terminal, uid_t owner) {
  if (::fchown(terminal.slave.get(), owner, static_cast<gid_t>(-1)) != 0) {
    return errno_error("fchown", fmt::format("give the terminal to uid `{}`", owner));
  }
  if (::ioctl(terminal.slave.get(), TIOCSCTTY, 0) != 0) {
    return errno_error("ioctl", "make the terminal the controlling one");
  }
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(terminal.slave.get(), fd) < 0) return errno_error("dup2", "attach the terminal");
  }
  return {};
}

}  // namespace myrt::init
