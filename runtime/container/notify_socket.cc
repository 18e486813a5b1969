#include "runtime/container/notify_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "sys/datagram.h"
#include "sys/files.h"

namespace myrt::container {
namespace {

constexpr const char* kSocketName = "notify.sock";
constexpr const char* kDirectoryInContainer = "/run/notify";

bool has_line(std::string_view message, std::string_view start) {
  while (!message.empty()) {
    if (message.starts_with(start)) return true;
    const std::size_t end = message.find('\n');
    message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
  }
  return false;
}

}  // namespace

void add_notify_socket(oci::Spec& spec, const std::string& source) {
  spec.mounts.push_back({.destination = kDirectoryInContainer,
                         .type = "bind",
                         .source = source,
                         .options = {"bind", "nosuid", "noexec", "nodev", "rprivate", "ro"},
                         .uid_mappings = {},
                         .gid_mappings = {}});
  if (!spec.process) return;
  spec.process->env.push_back(std::string("NOTIFY_SOCKET=") + kNotifySocketInContainer);
}

Result<> make_notify_directory(const StateDirectory& directory) {
  return sys::mkdir_at(directory.fd(), kNotifyDirectory, 0755);
}

Result<NotifySocket> NotifySocket::listen(const StateDirectory& directory,
                                          std::string host_address) {
  if (host_address.empty() || !sys::exists_at(directory.fd(), kNotifyDirectory)) {
    return none();
  }
  const sys::UniqueFd parent =
      TRY(sys::open_at(directory.fd(), kNotifyDirectory, O_RDONLY | O_DIRECTORY));
  ::unlinkat(parent.get(), kSocketName, 0);  // of a start that failed before
  return NotifySocket(TRY(sys::bind_datagram_at(parent.get(), kSocketName)),
                      std::move(host_address));
}

Result<bool> NotifySocket::forward(pid_t main_pid) const {
  const std::string message = TRY(sys::receive_datagram(socket_.get()));
  if (!has_line(message, "READY=1")) return false;
  TRY(sys::send_datagram(host_address_, "READY=1\n"));
  // MAINPID has to follow: a service whose main process changes before it is ready is taken for
  // dead.
  if (main_pid > 0) TRY(sys::send_datagram(host_address_, fmt::format("MAINPID={}\n", main_pid)));
  return true;
}

Result<> NotifySocket::wait(int init_pidfd, pid_t main_pid) const {
  while (fd() >= 0) {
    pollfd fds[2] = {{fd(), POLLIN, 0}, {init_pidfd, POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return errno_error("poll", "wait for READY=1");
    if (fds[0].revents != 0 && TRY(forward(main_pid))) return {};
    if (fds[1].revents != 0) return {};
  }
  return {};
}

}  // namespace myrt::container
