#include "shim/server.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "shim/service.h"

namespace myrt::shim {
namespace {

constexpr std::chrono::seconds kStartHasEnded(1);
// containerd connects as soon as `start` has ended, and again when it was restarted.
constexpr std::chrono::seconds kForgotten(10);

// A full pipe drops the line: containerd may not be there to read it.
void log_line(std::string_view text) {
  const std::string line = fmt::format("level=warning msg=\"{}\"\n", text);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

Result<sys::UniqueFd> open_stop_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  sys::UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return errno_error("signalfd", "wait for signals");
  return fd;
}

}  // namespace

Result<> serve(ServerContext context) {
  // What `start` has needed for the configuration shall not stay ours for good.
  ::malloc_trim(0);
  Loop loop = TRY(Loop::open());
  const auto reaper = TRY(Reaper::start(loop));
  const sys::UniqueFd signals = TRY(open_stop_signals());
  const Watch stop = TRY(loop.watch(signals.get(), EPOLLIN, [&](std::uint32_t) { loop.stop(); }));
  Publisher publisher(loop, context.ttrpc_address, context.name_space, log_line);
  const UnknownTask unknown =
      context.is_of_containerd_1_6 ? UnknownTask::is_refused : UnknownTask::connects;
  Service service(loop, *reaper, publisher, context.name_space, unknown, log_line);
  if (::fcntl(context.listener.get(), F_SETFL,
              ::fcntl(context.listener.get(), F_GETFL) | O_NONBLOCK) != 0) {
    return errno_error("fcntl", "shim socket");
  }
  const auto server =
      TRY(ttrpc::Server::start(loop, std::move(context.listener),
                               [&](const ttrpc::Request& request, const ttrpc::Respond& respond) {
                                 service.handle(request, respond);
                               }));
  // When `start` has ended: the last one to close it waits, and containerd waits for `start`.
  loop.after(kStartHasEnded, [&] { context.seal.close(); });
  // A start command, or a containerd, that was killed before it could make use of us: nobody else
  // knows of us.
  server->when_unused(kForgotten, [&] {
    if (service.is_empty()) loop.stop();
  });
  TRY(loop.run());
  ::unlink(context.path.c_str());
  return {};
}

}  // namespace myrt::shim
