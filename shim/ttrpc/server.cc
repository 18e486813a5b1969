#include "shim/ttrpc/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "shim/ttrpc/stream.h"

namespace myrt::shim::ttrpc {

// Kept alive by the server, and weakly by the answers that are due.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop& loop, sys::UniqueFd socket) : stream_(loop, std::move(socket)) {}

  Result<> start(const Handler& handler, std::function<void()> closed) {
    closed_ = std::move(closed);
    return stream_.start([this, &handler](const Frame& frame) { take(frame, handler); },
                         [this] { closed_(); });
  }

 private:
  void take(const Frame& frame, const Handler& handler) {
    if (frame.type != static_cast<std::uint8_t>(FrameType::request)) return;
    const auto respond = [self = weak_from_this(),
                          stream = frame.stream](const Response& response) {
      const auto connection = self.lock();
      if (!connection) return;
      connection->stream_.send(stream, FrameType::response, encode_response(response));
    };
    const auto request = decode_request(frame.payload);
    if (!request) {
      respond({{Code::invalid_argument, "malformed request"}, {}});
      return;
    }
    handler(*request, respond);
  }

  Stream stream_;
  std::function<void()> closed_;
};

Server::Server(Loop& loop, sys::UniqueFd listener, Handler handler)
    : loop_(loop), listener_(std::move(listener)), handler_(std::move(handler)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(Loop& loop, sys::UniqueFd listener, Handler handler) {
  std::unique_ptr<Server> server(new Server(loop, std::move(listener), std::move(handler)));
  server->watch_ = TRY(loop.watch(server->listener_.get(), EPOLLIN,
                                  [self = server.get()](std::uint32_t) { self->accept_all(); }));
  return server;
}

void Server::when_unused(std::chrono::milliseconds delay, std::function<void()> action) {
  patience_ = delay;
  unused_ = std::move(action);
  expect_use();
}

void Server::expect_use() {
  if (!unused_ || !connections_.empty()) return;
  loop_.after(patience_, [this, seen = ++uses_] {
    if (seen != uses_) return;
    unused_();
    expect_use();
  });
}

void Server::accept_all() {
  while (true) {
    sys::UniqueFd socket(
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid()) return;
    ucred peer = {};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) continue;
    if (peer.uid != ::geteuid()) continue;
    const int fd = socket.get();
    const auto connection = std::make_shared<Connection>(loop_, std::move(socket));
    // The connection calls from within itself: it goes with the next turn of the loop.
    const auto closed = [this, fd] {
      loop_.after(std::chrono::milliseconds(0), [this, fd] {
        connections_.erase(fd);
        expect_use();
      });
    };
    if (!connection->start(handler_, closed).ok()) continue;
    connections_.insert_or_assign(fd, connection);
    ++uses_;
  }
}

}  // namespace myrt::shim::ttrpc
